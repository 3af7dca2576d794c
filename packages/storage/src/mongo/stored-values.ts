import type { Timestamp } from '@insights/shared'

/** A document of the database that does not have the shape it must have; `path` names the first such value. */
export class DamagedValue extends Error {
  constructor (readonly path: string, expected: string) {
    super(`${path} is not ${expected}`)
  }
}

type Read<T> = (value: unknown, path: string) => T

export const readCount: Read<number> = (value, path) => {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new DamagedValue(path, 'a whole number from 0 to 2^53 - 1')
}

export const readNumber: Read<number> = (value, path) => {
  if (Number.isFinite(value)) return value as number
  throw new DamagedValue(path, 'a number')
}

export const readText: Read<string> = (value, path) => {
  if (typeof value === 'string') return value
  throw new DamagedValue(path, 'text')
}

export const readFlag: Read<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value
  throw new DamagedValue(path, 'true or false')
}

export const readTime: Read<Timestamp> = (value, path) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  throw new DamagedValue(path, 'a date')
}

export const readRecord: Read<Record<string, unknown>> = (value, path) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new DamagedValue(path, 'an embedded document')
}

export function readList<T> (value: unknown, path: string, read: Read<T>): T[] {
  if (!Array.isArray(value)) throw new DamagedValue(path, 'a list')
  return value.map((item, index) => read(item, `${path}.${index}`))
}

/** A value that may be missing: `null` then. */
export function readOptional<T> (value: unknown, path: string, read: Read<T>): T | null {
  return value === null || value === undefined ? null : read(value, path)
}

export function readOneOf<T extends string | number> (value: unknown, path: string, choices: readonly T[]): T {
  if ((choices as readonly unknown[]).includes(value)) return value as T
  throw new DamagedValue(path, `one of ${choices.join(', ')}`)
}
