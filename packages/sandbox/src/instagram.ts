import { numericIdOf } from './counts.js'
import { SANDBOX_CREDENTIALS } from './credentials.js'
import { listOf, type StandIn, type World } from './exchange.js'
import { createGraph, type GraphRequest, type GraphResult } from './graph.js'
import type { GraphBudget } from './graph-budget.js'

const DISCOVERY = /^business_discovery\.username\(([^(){}]*)\)\{([^(){}]*)\}$/
const HANDLE = /^(?!\.)(?!.*\.\.)[a-z0-9._]{1,30}(?<!\.)$/
const PERMISSION_ERRORS = { granted: null, refused: '10', code_200: '200' } as const

/** Instagram professional accounts by handle, through the discovery edge of our own account. */
export function createInstagram (world: World, budget: () => GraphBudget): StandIn {
  const { entities, settings } = world
  const { accountId } = SANDBOX_CREDENTIALS.instagram

  function read ({ node, fields }: GraphRequest): GraphResult {
    if (node !== accountId) return { error: '100/33', about: node }
    const [, handle, wanted] = DISCOVERY.exec(fields) ?? []
    if (handle === undefined || wanted === undefined) return { error: '100/syntax', about: '' }
    const username = handle.toLowerCase()
    // A personal account and an age-gated one are not told from one that does not exist.
    const isFound = HANDLE.test(username) && entities.get('instagram', username).state === 'ok'
    return isFound ? account(username, listOf(wanted)) : { error: '110/2207013', about: handle }
  }

  function account (username: string, fields: string[]): GraphResult {
    const all: Record<string, unknown> = {
      username,
      followers_count: entities.countOf('instagram', username),
      id: `1784${numericIdOf(`instagram:${username}`).slice(0, 13)}`
    }
    const unknown = fields.find(field => !Object.hasOwn(all, field))
    if (unknown !== undefined) return { error: '100/field', about: unknown }
    const wanted = Object.keys(all).filter(field => field === 'id' || fields.includes(field))
    // The outer id is that of the account that asks.
    return { value: { business_discovery: Object.fromEntries(wanted.map(field => [field, all[field]])), id: accountId } }
  }

  return createGraph(world, {
    platform: 'instagram',
    budget,
    read,
    idOf: ({ fields }) => /^business_discovery\.username\(([^)]*)\)/.exec(fields)?.[1] ?? null,
    missingPermission: () => PERMISSION_ERRORS[settings.values.instagram.permission]
  })
}
