import type { TSchema } from '@sinclair/typebox'
import type { Fault } from '@insights/shared'
import { childPointer } from './json-pointer.js'

/**
 * The keyword under which the schema of a list names the fields that identify an entry: no two entries may agree in
 * all of them. JSON Schema itself can compare whole entries only.
 */
export const UNIQUE_BY = 'x-unique-by'

/** The entries of the lists in an object whose key came before in the same list. Looks at well-formed keys only. */
export function findDuplicates (schema: TSchema, value: unknown): Fault[] {
  if (schema.type !== 'object' || !isRecord(value)) return []
  return Object.entries<TSchema>(schema.properties).flatMap(([name, property]) => {
    const keys: string[] | undefined = property[UNIQUE_BY]
    const entries = value[name]
    return keys === undefined || !Array.isArray(entries) ? [] : repeatedEntries(entries, keys, childPointer('', name))
  })
}

function repeatedEntries (entries: readonly unknown[], keys: readonly string[], pointer: string): Fault[] {
  const seen = new Set<string>()
  const faults: Fault[] = []
  entries.forEach((entry, index) => {
    const key = keyOf(entry, keys)
    if (key === null) return
    if (seen.has(key)) {
      faults.push({ pointer: childPointer(pointer, index), code: 'duplicate', detail: `repeats the ${keys.join(' and ')} of an entry before it` })
    }
    seen.add(key)
  })
  return faults
}

function keyOf (entry: unknown, keys: readonly string[]): string | null {
  if (!isRecord(entry)) return null
  const parts = keys.map(key => entry[key])
  return parts.every(part => typeof part === 'string' || typeof part === 'number') ? JSON.stringify(parts) : null
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
