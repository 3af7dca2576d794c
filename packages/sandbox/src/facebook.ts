import { listOf, unique, type StandIn, type World } from './exchange.js'
import { createGraph, type GraphRequest, type GraphResult } from './graph.js'
import type { GraphBudget } from './graph-budget.js'

const PAGE_ID = /^\d{5,20}$/
const PERMISSION_ERRORS = { granted: null, refused: '10', vague: '100/feature', not_found: '100/33' } as const

/** Facebook pages by numeric id, which stays text throughout: ids may exceed 2^53. */
export function createFacebook (world: World, budget: () => GraphBudget): StandIn {
  const { entities, settings } = world

  function read ({ node, fields }: GraphRequest): GraphResult {
    if (!/^\d+$/.test(node)) return { error: '803', about: node }
    const { state } = entities.get('facebook', node)
    if (!PAGE_ID.test(node) || state === 'missing' || state === 'unpublished') return { error: '100/33', about: node }
    if (state === 'restricted') return { error: '10', about: node }
    return page(node, listOf(fields))
  }

  function page (id: string, fields: string[]): GraphResult {
    const followers = entities.countOf('facebook', id)
    // On pages of the new experience both are the same number.
    const all: Record<string, unknown> = { id, name: `Sandbox page ${id}`, followers_count: followers, fan_count: followers }
    const unknown = fields.find(field => !Object.hasOwn(all, field))
    if (unknown !== undefined) return { error: '100/field', about: unknown }
    if (entities.get('facebook', id).state === 'hidden') delete all.followers_count
    const wanted = fields.length === 0 ? ['id', 'name'] : unique(['id', ...fields])
    return { value: Object.fromEntries(wanted.filter(field => field in all).map(field => [field, all[field]])) }
  }

  return createGraph(world, {
    platform: 'facebook',
    budget,
    read,
    idOf: ({ node }) => node === '' ? null : node,
    missingPermission: () => PERMISSION_ERRORS[settings.values.facebook.permission]
  })
}
