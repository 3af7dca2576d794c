import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** Encrypts what is written where others may read it. */
export interface Seal {
  /** `value` is anything that JSON can hold. */
  close: (value: unknown) => string
  /** `null` for what was sealed under another secret or for another purpose, or is damaged. */
  open: (text: string) => unknown
}

/** A seal under `secret`; one for each `purpose`, so that nothing can be put in the place of something else. */
export function createSeal (secret: string, purpose: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES))
  return {
    close: value => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, iv)
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64')
    },
    open: sealed => {
      const bytes = Buffer.from(sealed, 'base64')
      try {
        const cipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES))
        cipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
        const text = Buffer.concat([cipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), cipher.final()])
        return JSON.parse(text.toString('utf8'))
      } catch {
        return null
      }
    }
  }
}
