/** What `If-Match` and `If-None-Match` may hold: a star, or a list of entity tags. Reads in one pass, whatever is sent. */
export const ENTITY_TAGS_PATTERN = '^(?:\\*|(?:W/)?"[^"]*"(?:[ \\t]*,[ \\t]*(?:W/)?"[^"]*")*)$'

const WEAK = 'W/'

/**
 * The entity tag of an insight: strong, and made of its `rev` alone. It names what the client has said, so it changes
 * with every change of the client's fields, and no refresh of counts ever changes it.
 */
export function entityTagOf ({ rev }: { rev: number }): string {
  return `"${rev}"`
}

/** Whether `If-Match` lets a change pass: strong comparison, so a weak tag fits nothing (RFC 9110, 13.1.1). */
export function matchesStrongly (header: string, tag: string): boolean {
  return header === '*' || tagsOf(header).includes(tag)
}

/** Whether `If-None-Match` names the tag: weak comparison (RFC 9110, 13.1.2). */
export function matchesWeakly (header: string, tag: string): boolean {
  return header === '*' || tagsOf(header).some(given => (given.startsWith(WEAK) ? given.slice(WEAK.length) : given) === tag)
}

function tagsOf (header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}
