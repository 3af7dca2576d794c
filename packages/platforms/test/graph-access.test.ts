import t from 'tap'
import { createAccessCheck, type AccessCheck } from '../src/graph-access.js'
import { badReply, failed } from '../src/failure.js'
import type { CountOutcome } from '../src/port.js'
import { codeOf } from './contract/platform-client-contract.js'

const OK: CountOutcome = { kind: 'ok', count: 1 }
const MISSING: CountOutcome = { kind: 'not_found' }
const HOUR_MS = 3_600_000

interface Stage {
  /** What becomes of a call whose ids had these outcomes. */
  review: (outcomes: Record<string, CountOutcome>) => Promise<Array<string | null>>
  /** Who was asked for besides. */
  asked: string[]
  /** What those who are asked for besides answer. */
  answer: CountOutcome
  now: number
}

function build (witness: string | null = 'witness'): Stage {
  const check: AccessCheck = createAccessCheck({ name: 'Facebook', witness, clock: { now: () => stage.now } })
  const stage: Stage = {
    review: async outcomes => {
      const reviewed = await check.review(Object.keys(outcomes), Object.values(outcomes), async id => {
        stage.asked.push(id)
        return stage.answer
      })
      return reviewed.map(codeOf)
    },
    asked: [],
    answer: OK,
    now: Date.parse('2026-11-23T12:00:00Z')
  }
  return stage
}

t.test('misses beside an account that is there are believed without a further call', async t => {
  const stage = build()
  t.strictSame(await stage.review({ a: MISSING, b: OK, c: MISSING }), ['not_found', 'ok', 'not_found'])
  t.strictSame(await stage.review({ a: MISSING, b: { kind: 'hidden' } }), ['not_found', 'hidden'])
  t.strictSame(await stage.review({ a: MISSING, b: failed(badReply('x', 'y')) }), ['not_found', 'INS_PLATFORM_REPLY'])
  t.strictSame(stage.asked, [])
})

t.test('a miss alone is believed when the witness is there, and for an hour after that unasked', async t => {
  const stage = build()
  t.strictSame(await stage.review({ a: MISSING }), ['not_found'])
  stage.now += HOUR_MS - 1
  t.strictSame(await stage.review({ b: MISSING, c: MISSING }), ['not_found', 'not_found'])
  t.strictSame(stage.asked, ['witness'])
  stage.now += 1
  t.strictSame(await stage.review({ a: MISSING }), ['not_found'])
  t.strictSame(stage.asked, ['witness', 'witness'])
  stage.now -= 2 * HOUR_MS
  await stage.review({ a: MISSING })
  t.equal(stage.asked.length, 3, 'a clock set back makes nobody older than he is')
})

t.test('the account that answered last is asked before the witness', async t => {
  const stage = build()
  await stage.review({ a: OK, b: OK })
  stage.now += 2 * HOUR_MS
  await stage.review({ b: MISSING })
  await stage.review({ a: MISSING, b: MISSING, c: MISSING, d: MISSING })
  t.strictSame(stage.asked, ['a', 'witness'], 'but not when it is missing itself')
})

t.test('more than three misses and nothing else are never believed unasked', async t => {
  const stage = build()
  await stage.review({ good: OK })
  stage.answer = MISSING
  t.strictSame(await stage.review({ a: MISSING, b: MISSING, c: MISSING, d: MISSING }), Array(4).fill('INS_PLATFORM_AUTH'))
  stage.now += 2 * HOUR_MS
  t.strictSame(await stage.review({ a: MISSING }), ['INS_PLATFORM_AUTH'])
  t.strictSame(stage.asked, ['good', 'good'])
})

t.test('nothing is said of anybody when asking once more fails', async t => {
  const stage = build()
  stage.answer = failed(badReply('Facebook', 'is odd'))
  t.strictSame(await stage.review({ a: MISSING, b: MISSING }), ['INS_PLATFORM_REPLY', 'INS_PLATFORM_REPLY'])
})

t.test('without a witness misses are believed until an account has answered', async t => {
  const stage = build(null)
  t.strictSame(await stage.review({ a: MISSING, b: MISSING, c: MISSING, d: MISSING }), Array(4).fill('not_found'))
  t.strictSame(stage.asked, [])
  await stage.review({ good: OK })
  stage.now += 2 * HOUR_MS
  stage.answer = MISSING
  t.strictSame(await stage.review({ a: MISSING }), ['INS_PLATFORM_AUTH'])
})
