/** Good answers made wrong: other counts, other ids, another order. */
import type { Answer } from './exchange.js'

type Json = Record<string, unknown>

/** A count as it stands in an answer, also where the answer is text within JSON, as in the parts of a Graph batch. */
const COUNT = /(\\?"(?:viewCount|playback_count|followers_count)\\?":)(?:\\?"[^"\\]*\\?"|-?\d+)/g

/** The answer with `json`, a JSON text, in the place of every count. */
export function withCounts (answer: Answer, json: string): Answer {
  const escaped = JSON.stringify(json).slice(1, -1)
  const text = answer.text.replace(COUNT, (_match, name: string) => name + (name.startsWith('\\') ? escaped : json))
  return { ...answer, text }
}

/** The answer with its items in the opposite order. */
export function withItemsReversed (answer: Answer): Answer {
  return withItems(answer, items => items.reverse())
}

/** The answer with every item under an id that nobody asked for, also when it is one item alone. */
export function withStrangers (answer: Answer): Answer {
  const value = parse(answer.text)
  const isItem = typeof value === 'object' && value !== null && ('urn' in value || 'followers_count' in value || 'business_discovery' in value)
  return isItem ? { ...answer, text: JSON.stringify(renamed(value)) } : withItems(answer, items => items.map(toStranger))
}

/** An answer that holds no list of items, such as an error, stays as it is. */
function withItems (answer: Answer, change: (items: unknown[]) => unknown[]): Answer {
  const value = parse(answer.text)
  if (Array.isArray(value)) return { ...answer, text: JSON.stringify(change(value)) }
  const name = ['items', 'collection', 'data'].find(name => Array.isArray((value as Json | null)?.[name]))
  if (name === undefined) return answer
  return { ...answer, text: JSON.stringify({ ...value as Json, [name]: change((value as Json)[name] as unknown[]) }) }
}

function toStranger (item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item
  const { body } = item as Json
  if (typeof body === 'string') return { ...item, body: JSON.stringify(renamed(parse(body))) }
  return renamed(item)
}

function renamed (value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { business_discovery: account, ...item } = value as Json
  if (account !== undefined) return { ...item, business_discovery: renamed(account) }
  const names = { id: '666666', videoId: 'a_stranger_', urn: 'soundcloud:tracks:666666', username: 'a_stranger' }
  const given = Object.entries(names).filter(([name]) => name in item)
  // A video has no other name than `id`, and its ids have eleven characters.
  const isVideo = 'statistics' in item
  return { ...item, ...Object.fromEntries(given), ...isVideo && 'id' in item && { id: names.videoId }, ...typeof item.id === 'number' && { id: 666_666 } }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Broken already, by another fault or because it is a page.
    return null
  }
}
