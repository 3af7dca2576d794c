/** Finds the item of a reply that belongs to an id, and tells whether an id that has none is really unknown. */
import { badReply, failed } from './failure.js'
import type { CountOutcome } from './port.js'

export interface Item {
  value: unknown
  /** The path of the item in the reply. */
  where: string
}

export interface Matches {
  get: (id: string) => Item | undefined
  /** Whether every item was for an id that was asked for. If not, the reply is not about our question alone, and an
   *  id that it does not mention may have been lost on the way. */
  isSound: boolean
}

/** `idOf` gives an item's id in normal form, or `null` when it has none. Of two items with one id the first counts. */
export function matchItems (
  ids: readonly string[], items: readonly unknown[], where: string, idOf: (item: unknown) => string | null
): Matches {
  const asked = new Set(ids)
  const found = new Map<string, Item>()
  let isSound = true
  for (const [index, value] of items.entries()) {
    const id = idOf(value)
    if (id === null || !asked.has(id)) isSound = false
    else if (!found.has(id)) found.set(id, { value, where: `${where}/${index}` })
  }
  return { get: id => found.get(id), isSound }
}

/** The outcome of an id that a good reply does not mention. */
export function missing (name: string, isSound: boolean): CountOutcome {
  return isSound ? { kind: 'not_found' } : failed(badReply(name, 'holds items that were not asked for'))
}
