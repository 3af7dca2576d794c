import t from 'tap'
import { createAccessCheck, type AccessCheck } from '../src/graph-access.js'
import { authRefused, badReply, failed, throttled } from '../src/failure.js'
import type { CountOutcome } from '../src/port.js'
import { codeOf, failureOf } from './contract/platform-client-contract.js'

const OK: CountOutcome = { kind: 'ok', count: 1 }
const MISSING: CountOutcome = { kind: 'not_found' }
const REFUSED: CountOutcome = failed(authRefused('(#10) is refused'))
const HOUR_MS = 3_600_000

interface Stage {
  /** What becomes of a call whose ids had these outcomes. */
  review: (outcomes: Record<string, CountOutcome>) => Promise<Array<string | null>>
  /** Whether a refusal of all these is one of the credentials; `null`: none of them was refused. */
  concernsAll: (outcomes: Record<string, CountOutcome>) => Promise<boolean | null>
  /** Who was asked for besides. */
  asked: string[]
  /** What those who are asked for besides answer. */
  answer: CountOutcome
  now: number
}

function build (witness: string | null = 'witness'): Stage {
  const check: AccessCheck = createAccessCheck({
    name: 'Facebook', witness, isPermission: ({ detail }) => detail.includes('(#10)'), clock: { now: () => stage.now }
  })
  const review = async (outcomes: Record<string, CountOutcome>): Promise<CountOutcome[]> =>
    await check.review(Object.keys(outcomes), Object.values(outcomes), async id => {
      stage.asked.push(id)
      return stage.answer
    })
  const stage: Stage = {
    review: async outcomes => (await review(outcomes)).map(codeOf),
    concernsAll: async outcomes => {
      const failures = (await review(outcomes)).map(failureOf)
      return failures.every(failure => failure?.reason === 'auth') ? failures.some(failure => failure?.isOfIdAlone !== true) : null
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

t.test('a permission that every account of a call asks for is their own when another one answers', async t => {
  const stage = build()
  t.equal(await stage.concernsAll({ a: REFUSED }), false)
  t.equal(await stage.concernsAll({ a: REFUSED, b: REFUSED, c: REFUSED, d: REFUSED }), false)
  t.strictSame(stage.asked, ['witness', 'witness'], 'also when one has answered lately')
  t.strictSame(await stage.review({ a: REFUSED }), ['INS_PLATFORM_AUTH'])
})

t.test('it is that of the app when the other account is refused or missing too, or nobody knows one', async t => {
  const stage = build()
  for (const answer of [REFUSED, MISSING]) {
    stage.answer = answer
    t.equal(await stage.concernsAll({ a: REFUSED }), true)
  }
  t.equal(await build(null).concernsAll({ a: REFUSED }), true)
})

t.test('nothing is said of it when asking for the other account fails', async t => {
  const stage = build()
  stage.answer = failed(throttled('x', null))
  t.strictSame(await stage.review({ a: REFUSED }), ['INS_PLATFORM_THROTTLED'])
})

t.test('other refused credentials are those of the app, unasked', async t => {
  const stage = build()
  t.equal(await stage.concernsAll({ a: failed(authRefused('code 190')), b: REFUSED }), true)
  t.equal(await stage.concernsAll({ a: REFUSED, b: OK }), null)
  t.strictSame(stage.asked, [])
})
