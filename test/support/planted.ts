import { randomBytes } from 'node:crypto'

/** Secrets and personal names of one test, each different from all others, so that a finding tells where it came from. */
export interface Planted {
  /** A new secret for this place. */
  secret: (place: string) => string
  /** Watches for a text of another form as well: an encoded secret, a handle, an id. */
  watch: (place: string, text: string) => string
  /** The places whose secret stands in the text, in clear, in base64 or percent-encoded. */
  foundIn: (text: string) => string[]
  /** How many are watched for. */
  count: () => number
}

export function createPlanted (): Planted {
  const texts = new Map<string, string>()
  const watch = (place: string, text: string): string => {
    texts.set(place, text)
    return text
  }
  return {
    watch,
    secret: place => watch(place, `planted${randomBytes(16).toString('hex')}`),
    foundIn: text => [...texts].filter(([, planted]) => formsOf(planted).some(form => text.includes(form))).map(([place]) => place),
    count: () => texts.size
  }
}

/** In base64 the same bytes look different at each of three offsets; the part that does not depend on neighbours counts. */
function formsOf (text: string): string[] {
  const shifted = ['', 'x', 'xx'].map(before => Buffer.from(before + text).toString('base64').slice(before === '' ? 0 : 4).replace(/.{0,4}$/, ''))
  return [text, encodeURIComponent(text), ...shifted.filter(form => form.length >= 12)]
}
