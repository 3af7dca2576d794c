/** What a `fields` parameter keeps: member names, each with what it keeps of the value below; `null` = everything. */
interface Selection {
  [name: string]: Selection | null
}

/** Keeps of `value` what a `fields` parameter such as `items(id,statistics/viewCount),summary` names. `null`: bad syntax. */
export function selectFields (value: unknown, fields: string): { selected: unknown } | null {
  const rest = { text: fields }
  const selection = readSelection(rest)
  return selection === null || rest.text !== '' ? null : { selected: pick(value, selection) }
}

function readSelection (rest: { text: string }): Selection | null {
  const selection: Selection = {}
  do {
    const name = /^(?:\w+|\*)/.exec(rest.text)?.[0]
    if (name === undefined) return null
    rest.text = rest.text.slice(name.length)
    const below = readBelow(rest)
    if (below === undefined) return null
    selection[name] = below
  } while (take(rest, ','))
  return selection
}

/** What follows a name: a path, a group in brackets, or nothing (`null`); `undefined` = bad syntax. */
function readBelow (rest: { text: string }): Selection | null | undefined {
  if (take(rest, '/')) {
    const name = /^(?:\w+|\*)/.exec(rest.text)?.[0]
    if (name === undefined) return undefined
    rest.text = rest.text.slice(name.length)
    const below = readBelow(rest)
    return below === undefined ? undefined : { [name]: below }
  }
  if (!take(rest, '(')) return null
  const group = readSelection(rest)
  return group === null || !take(rest, ')') ? undefined : group
}

function take (rest: { text: string }, sign: string): boolean {
  if (!rest.text.startsWith(sign)) return false
  rest.text = rest.text.slice(sign.length)
  return true
}

function pick (value: unknown, selection: Selection | null): unknown {
  if (selection === null || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => pick(item, selection))
  const kept = Object.entries(value).filter(([name]) => Object.hasOwn(selection, name) || Object.hasOwn(selection, '*'))
  return Object.fromEntries(kept.map(([name, member]) => [name, pick(member, selection[name] ?? selection['*'] ?? null)]))
}
