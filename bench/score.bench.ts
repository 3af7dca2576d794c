import { defaultFields, explain, INSIGHT_1, linkedSources, pendingSource, toSignals } from '@insights/shared'
import type { Bench } from './bench.js'
import { summarise } from './statistics.js'

/** Calls between two looks at the clock. */
const STRIDE = 100

/** How often a score can be computed and explained, for an insight with a count of every kind. */
export const score: Bench = {
  name: 'score',
  run: async ({ scale }) => {
    const signals = sampleSignals()
    const call = (): void => { explain(INSIGHT_1, signals) }
    const rounds: number[] = []
    countPerSecond(call, scale.scoreRoundSeconds) // warms up
    for (let round = 0; round < scale.scoreRounds; round++) rounds.push(countPerSecond(call, scale.scoreRoundSeconds))
    return [{ measure: 'explain() rate', unit: 'per second', ...summarise(rounds) }]
  }
}

function sampleSignals (): ReturnType<typeof toSignals> {
  const fields = {
    ...defaultFields(),
    number_of_roles: 1,
    profile_views: 800,
    facebook_page_id: '4546477',
    twitter_handle: 'gigpro',
    instagram_handle: 'gigpro',
    works: [{ item_id: 'l4WNrvVjiTw', source_type: 1 as const, is_individual_work: true, in_app_plays: 7 }]
  }
  const sources = linkedSources(fields).map(link => ({ ...pendingSource(link), state: 'ok' as const, count: 4546 }))
  return toSignals(fields, sources, INSIGHT_1)
}

function countPerSecond (call: () => void, seconds: number): number {
  const startedAt = performance.now()
  let calls = 0
  let elapsedMs = 0
  while (elapsedMs < seconds * 1000) {
    for (let n = 0; n < STRIDE; n++) call()
    calls += STRIDE
    elapsedMs = performance.now() - startedAt
  }
  return calls / (elapsedMs / 1000)
}
