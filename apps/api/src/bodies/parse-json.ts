import { parse } from 'secure-json-parse'
import type { Fault } from '@insights/shared'
import { childPointer } from '../validation/json-pointer.js'

/** The text is no JSON. The message is ours: that of the engine repeats a part of the text. */
export class MalformedJson extends Error {
  override readonly name = 'MalformedJson'
}

/** Spelled out, or with escapes, which can spell anything. */
const MAY_HOLD_FORBIDDEN = /__proto__|constructor|\\u/

/** `value` may be used only if there are no faults. */
export interface ParsedJson {
  value: unknown
  faults: Fault[]
}

/**
 * Parses JSON from outside. Keys that could poison a prototype (`__proto__`, `constructor` with a `prototype`) are
 * faults, each under its pointer, which begins with `pointer`.
 *
 * @throws {MalformedJson} when the text is no JSON.
 */
export function parseJson (text: string, pointer = ''): ParsedJson {
  try {
    return { value: parse(text, { protoAction: 'error', constructorAction: 'error' }), faults: [] }
  } catch (error) {
    // What can not hold such a key is no JSON. Megabytes that are none should not be parsed twice.
    if (!MAY_HOLD_FORBIDDEN.test(text)) throw new MalformedJson(explain(error))
    const faults = forbiddenKeys(parseOrThrowMalformed(text), pointer)
    if (faults.length === 0) throw error
    return { value: undefined, faults }
  }
}

function parseOrThrowMalformed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MalformedJson(explain(error))
  }
}

function explain (error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return `it can not be read from character ${position} on`
  return /end of JSON/.test(message) ? 'it ends too early' : 'it can not be read'
}

/** Walks without recursion, because the depth is the client's choice. */
function forbiddenKeys (root: unknown, rootPointer: string): Fault[] {
  const faults: Fault[] = []
  const open: Array<[value: unknown, pointer: string]> = [[root, rootPointer]]
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const [value, pointer] = entry
    if (value === null || typeof value !== 'object') continue
    for (const [key, member] of Object.entries(value)) {
      const memberPointer = childPointer(pointer, key)
      if (isForbidden(key, member)) {
        faults.push({ pointer: memberPointer, code: 'unknown_field', detail: 'is not a field that can be sent here' })
      } else open.push([member, memberPointer])
    }
  }
  return faults
}

function isForbidden (key: string, value: unknown): boolean {
  if (key === '__proto__') return true
  return key === 'constructor' && value !== null && typeof value === 'object' && Object.hasOwn(value, 'prototype')
}
