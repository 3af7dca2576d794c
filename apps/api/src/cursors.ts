import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ListPosition, ListQuery } from '@insights/storage'

/** What a cursor says: where reading begins and in which direction. */
export type CursorPlace = Pick<ListQuery, 'from' | 'isBackward'>

/** Writes and reads the cursors of lists. */
export interface Cursors {
  /** `of` names the list: a cursor is valid for the order and the filters that it was made for, and no others. */
  write: (place: CursorPlace, of: string) => Promise<string>
  /** `null` for what is no cursor of this service and this list. */
  read: (cursor: string, of: string) => Promise<CursorPlace | null>
}

/** Bytes of the signature; to hit one of so many by chance is out of the question. */
const SIGNATURE_BYTES = 16

/** `readSecret` is asked for once, and again when it failed. */
export function createCursors (readSecret: () => Promise<string>): Cursors {
  let secret: Promise<string> | null = null
  const sign = async (payload: string, of: string): Promise<Buffer> => {
    secret ??= readSecret()
    const key = await secret.catch((error: unknown) => {
      secret = null
      throw error
    })
    return createHmac('sha256', key).update(JSON.stringify([payload, of])).digest().subarray(0, SIGNATURE_BYTES)
  }
  return {
    write: async ({ from, isBackward }, of) => {
      const payload = Buffer.from(JSON.stringify([isBackward ? 1 : 0, from?.value ?? null, from?.id ?? null])).toString('base64url')
      return `${payload}.${(await sign(payload, of)).toString('base64url')}`
    },
    read: async (cursor, of) => {
      const [payload = '', signature = ''] = cursor.split('.')
      const given = Buffer.from(signature, 'base64url')
      const isOurs = given.length === SIGNATURE_BYTES && timingSafeEqual(given, await sign(payload, of))
      return isOurs && cursor === `${payload}.${given.toString('base64url')}` ? toPlace(payload) : null
    }
  }
}

/** Only for what was signed here. */
function toPlace (payload: string): CursorPlace {
  const [backward, value, id] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [number, string | null, number | null]
  const from: ListPosition | null = value === null || id === null ? null : { value, id }
  return { isBackward: backward === 1, from }
}
