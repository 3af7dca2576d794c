import type { InsightFields } from '@insights/shared'

/** Parts of the list, in order, none of which has an `external_id` twice: each can then be stored at one go. */
export function splitAtRepeats (insights: readonly InsightFields[]): InsightFields[][] {
  const parts: InsightFields[][] = []
  let seen = new Set<string>()
  for (const fields of insights) {
    const name = fields.external_id
    if (parts.length === 0 || (name !== null && seen.has(name))) {
      parts.push([])
      seen = new Set()
    }
    parts.at(-1)?.push(fields)
    if (name !== null) seen.add(name)
  }
  return parts
}
