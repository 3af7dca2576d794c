import { AppError, type FaultCode } from '@insights/shared'

/** Refuses a value that a test or an integrator gave. `pointer` names the field as a JSON pointer. */
export function refuse (pointer: string, code: FaultCode, detail: string): never {
  const where = pointer === '' ? 'The value' : pointer
  throw new AppError('INS_REQUEST_INVALID', `${where}: ${detail}`, { faults: [{ pointer, code, detail }] })
}

/** A plain object with no other keys than `allowed`. */
export function readRecord (value: unknown, pointer: string, allowed: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(pointer, 'type', 'must be an object')
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key)) refuse(`${pointer}/${key}`, 'unknown_field', `is not known; known are ${allowed.join(', ')}`)
  }
  return value as Record<string, unknown>
}

/** A finite number from 0 up. */
export function readAmount (value: unknown, pointer: string): number {
  if (typeof value !== 'number') refuse(pointer, 'type', 'must be a number')
  if (!Number.isFinite(value) || value < 0) refuse(pointer, 'range', 'must be finite and not below 0')
  return value
}

/** A whole number from `least` to 2^53 - 1. */
export function readCount (value: unknown, pointer: string, least = 0): number {
  if (typeof value !== 'number') refuse(pointer, 'type', 'must be a number')
  if (!Number.isSafeInteger(value) || value < least) refuse(pointer, 'range', `must be a whole number from ${least} to 2^53 - 1`)
  return value
}

export function readText (value: unknown, pointer: string): string {
  if (typeof value !== 'string' || value === '') refuse(pointer, 'type', 'must be text that is not empty')
  return value
}

export function readTexts (value: unknown, pointer: string): string[] {
  if (!Array.isArray(value)) refuse(pointer, 'type', 'must be a list of texts')
  return value.map((item, index) => readText(item, `${pointer}/${index}`))
}

export function readFlag (value: unknown, pointer: string): boolean {
  if (typeof value !== 'boolean') refuse(pointer, 'type', 'must be true or false')
  return value
}

export function readChoice<T extends string | number> (value: unknown, pointer: string, choices: readonly T[]): T {
  if (!choices.includes(value as T)) refuse(pointer, 'value', `must be one of ${choices.join(', ')}`)
  return value as T
}
