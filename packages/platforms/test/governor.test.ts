import type { Clock, Platform, SharedState } from '@insights/shared'
import t from 'tap'
import type { Urgency } from '../src/budget.js'
import { startCall, type Call } from '../src/deadline.js'
import { CallError, authRefused, failed, quotaUsedUp, throttled, transient } from '../src/failure.js'
import type { Gate, Pass, Reservation } from '../src/gate.js'
import { createGovernor, type Governor } from '../src/governor.js'
import { createMemoryState } from '../src/memory-state.js'
import type { CallFailure, CountOutcome } from '../src/port.js'
import { NO_LIMITS, rulesOf, type PlatformLimits } from '../src/rules.js'

const MINUTE = 60_000
const START = Date.parse('2026-11-23T12:00:00Z')
const ok: CountOutcome = { kind: 'ok', count: 1 }

interface Stage {
  clock: Clock & { time: number }
  shared: SharedState
  /** One more worker. */
  open: (credentials?: Partial<Record<Platform, string>>) => Governor
}

function openStage (limits: Partial<PlatformLimits> = {}, shared?: SharedState): Stage {
  const clock = { time: START, now: () => clock.time }
  const state = shared ?? createMemoryState(clock)
  const accounts = { youtube: 'youtube', soundcloud: 'soundcloud', x: 'x', facebook: 'graph', instagram: 'graph' }
  return {
    clock,
    shared: state,
    open: (credentials = {}) => createGovernor({ shared: state, clock, accounts, credentials, rules: rulesOf({ ...NO_LIMITS, ...limits }) })
  }
}

const reservation: Reservation = { charge: { stats: 1 } }

/** Tries one request; resolves to why not, or to `null` with what became of it told. */
async function attempt (
  gate: Gate, result: 'ok' | 'dead' | CallError, { urgency = 'planned', ask = reservation }: { urgency?: Urgency, ask?: Reservation } = {}
): Promise<CallFailure | null> {
  const call = startCall(60_000, urgency)
  const pass = await enter(gate, call, ask)
  if (!('beforeTry' in pass)) return pass
  await pass.afterTry(result !== 'dead')
  await gate.settle(call, [result === 'ok' ? ok : failed(result === 'dead' ? transient('INS_PLATFORM_STATUS', 'x') : result)])
  return null
}

async function enter (gate: Gate, call: Call, ask = reservation): Promise<Pass | CallFailure> {
  try {
    const pass = await gate.reserve(ask, call)
    await pass.beforeTry(1)
    return pass
  } catch (error) {
    if (error instanceof CallError) return error.failure
    throw error
  }
}

t.test('workers share one budget, and what is over it is refused until the reset', async t => {
  const stage = openStage({ youtube: { unitsPerDay: 10 } })
  const gates = [1, 2, 3].map(() => stage.open().gateOf('youtube'))
  const results = await Promise.all(Array.from({ length: 30 }, async (_, n) => await attempt(gates[n % 3] as Gate, 'ok', { urgency: 'on_demand' })))
  t.equal(results.filter(result => result === null).length, 10)
  const midnight = Date.parse('2026-11-24T08:00:00Z')
  t.match(results.find(result => result !== null), { reason: 'quota', code: 'INS_PLATFORM_QUOTA', retryAt: midnight + 2 * MINUTE })
  stage.clock.time = midnight + 2 * MINUTE
  t.equal(await attempt(gates[0] as Gate, 'ok'), null)
})

t.test('each try is counted before it is sent, repeats too, and a worker that dies in mid-call has used it', async t => {
  const stage = openStage({ youtube: { unitsPerDay: 5 } })
  const gate = stage.open().gateOf('youtube')
  const call = startCall(60_000, 'on_demand')
  const pass = await gate.reserve(reservation, call)
  for (const tried of [1, 2, 3]) await pass.beforeTry(tried)
  // The worker is gone now: nothing was told.
  const other = stage.open().gateOf('youtube')
  t.same([await attempt(other, 'ok', { urgency: 'on_demand' }), await attempt(other, 'ok', { urgency: 'on_demand' })], [null, null])
  t.match(await attempt(other, 'ok', { urgency: 'on_demand' }), { reason: 'quota' })
})

t.test('a limit that can be divided grants what is left', async t => {
  const gate = openStage({ facebook: { callsPerHour: 70 }, instagram: { callsPerHour: 70 } }).open().gateOf('facebook')
  const ask: Reservation = { charge: { calls: 50 }, divisible: 'calls' }
  const granted = []
  for (let n = 0; n < 2; n++) granted.push((await gate.reserve(ask, startCall(1000, 'on_demand'))).granted)
  t.same(granted, [50, 20])
  t.match(await enter(gate, startCall(1000, 'on_demand'), ask), { reason: 'quota' })
})

t.test('a repeat of a batch takes all of it again, and is not made when less is left', async t => {
  const gate = openStage({ facebook: { callsPerHour: 70 } }).open().gateOf('facebook')
  const call = startCall(60_000, 'on_demand')
  const pass = await gate.reserve({ charge: { calls: 50 }, divisible: 'calls' }, call)
  await pass.beforeTry(1)
  await pass.afterTry(false)
  t.equal(pass.granted, 50)
  const refused = await pass.beforeTry(2).catch((error: unknown) => error)
  t.match(refused, { failure: { reason: 'quota', code: 'INS_PLATFORM_QUOTA' } })
  const rest = await gate.reserve({ charge: { calls: 50 }, divisible: 'calls' }, call)
  t.equal(rest.granted, 20, 'nothing was taken for what was not sent')
})

t.test('an app that is shared has one budget for both platforms', async t => {
  const governor = openStage({ facebook: { callsPerHour: 10 }, instagram: { callsPerHour: 10 } }).open()
  const ask: Reservation = { charge: { calls: 6 }, divisible: 'calls' }
  await governor.gateOf('facebook').reserve(ask, startCall(1000, 'on_demand'))
  t.equal((await governor.gateOf('instagram').reserve(ask, startCall(1000, 'on_demand'))).granted, 4)
})

const refusals: Array<[string, Platform, CallError, number]> = [
  ['a throttle that names a time', 'youtube', throttled('x', START + 7 * MINUTE), 7 * MINUTE],
  ['a throttle of SoundCloud that names none', 'soundcloud', throttled('x', null), MINUTE],
  ['a throttle of Facebook that names none', 'facebook', throttled('x', null), 10 * MINUTE],
  ['a spent quota', 'youtube', quotaUsedUp('x', START + 20 * 60 * MINUTE), 20 * 60 * MINUTE],
  ['an empty account at X', 'x', quotaUsedUp('x', null), 12 * 60 * MINUTE],
  ['refused credentials', 'x', authRefused('x'), 15 * MINUTE]
]
for (const [what, platform, error, waitMs] of refusals) {
  t.test(`${what} holds all workers back, then one call tries`, async t => {
    const stage = openStage()
    const [gate, other] = [stage.open().gateOf(platform), stage.open().gateOf(platform)]
    const ask: Reservation = { charge: {} }
    t.equal(await attempt(gate, error, { ask }), null)
    const { reason, code } = error.failure
    for (const each of [gate, other]) t.match(await attempt(each, 'ok', { ask }), { reason, code, retryAt: START + waitMs })
    stage.clock.time += waitMs - 1
    t.ok(await attempt(other, 'ok', { ask }), 'a moment before')
    stage.clock.time += 1
    const probe = startCall(60_000, 'planned')
    t.ok('beforeTry' in await enter(other, probe, ask), 'one call tries')
    t.match(await attempt(gate, 'ok', { ask }), { reason, retryAt: Number }, 'and no other meanwhile')
    t.ok('beforeTry' in await enter(other, probe, ask), 'it may have several requests')
    await other.settle(probe, [ok])
    t.equal(await attempt(gate, 'ok', { ask }), null, 'its success ends it')
  })
}

t.test('money that is called spent just after midnight is asked for again in two minutes, later on the next day', async t => {
  const stage = openStage()
  const gate = stage.open().gateOf('x')
  const midnight = Date.parse('2026-11-24T00:00:00Z')
  for (const [at, until] of [[midnight + 50, midnight + 2 * MINUTE], [midnight + 3 * MINUTE, midnight + 24 * 60 * MINUTE]] as const) {
    stage.clock.time = at
    await attempt(gate, quotaUsedUp('x', null), { ask: { charge: {} } })
    t.match(await attempt(gate, 'ok', { ask: { charge: {} } }), { reason: 'quota', retryAt: until })
  }
})

t.test('new credentials are tried at once, whatever became of the old ones', async t => {
  const stage = openStage()
  await attempt(stage.open({ x: 'old' }).gateOf('x'), authRefused('x'), { ask: { charge: {} } })
  t.match(await attempt(stage.open({ x: 'old' }).gateOf('x'), 'ok', { ask: { charge: {} } }), { reason: 'auth' })
  t.equal(await attempt(stage.open({ x: 'new' }).gateOf('x'), 'ok', { ask: { charge: {} } }), null)
})

t.test('the wait doubles with each refusal in a row and not with those of calls that were under way together', async t => {
  const stage = openStage()
  const gate = stage.open().gateOf('soundcloud')
  const ask: Reservation = { charge: { calls: 1 } }
  const together = Array.from({ length: 4 }, () => startCall(60_000, 'planned'))
  for (const call of together) await gate.reserve(ask, call)
  for (const call of together) await gate.settle(call, [failed(throttled('x', null))])
  for (const minutes of [1, 2, 4, 8, 15, 15]) {
    const refused = await attempt(gate, 'ok', { ask })
    t.equal((refused?.retryAt ?? 0) - stage.clock.time, minutes * MINUTE)
    stage.clock.time = refused?.retryAt ?? 0
    t.equal(await attempt(gate, throttled('x', null), { ask }), null)
  }
})

t.test('a success from before the refusal does not end it', async t => {
  const gate = openStage().open().gateOf('x')
  const early = startCall(60_000, 'planned')
  await gate.reserve({ charge: {} }, early)
  await attempt(gate, throttled('x', null), { ask: { charge: {} } })
  await gate.settle(early, [ok])
  t.match(await attempt(gate, 'ok', { ask: { charge: {} } }), { reason: 'throttled' })
})

t.test('a probe whose worker dies is followed by another', async t => {
  const stage = openStage()
  const gate = stage.open().gateOf('x')
  await attempt(gate, throttled('x', START + MINUTE), { ask: { charge: {} } })
  stage.clock.time += MINUTE
  await enter(gate, startCall(60_000, 'planned'), { charge: {} })
  t.match(await attempt(gate, 'ok', { ask: { charge: {} } }), { retryAt: START + MINUTE + 90_000 })
  stage.clock.time += 90_000
  t.equal(await attempt(gate, 'ok', { ask: { charge: {} } }), null)
})

t.test('one refused part is no refusal of the credentials', async t => {
  const gate = openStage().open().gateOf('facebook')
  const call = startCall(60_000, 'planned')
  await gate.reserve({ charge: { calls: 2 } }, call)
  await gate.settle(call, [ok, failed(authRefused('x'))])
  t.equal(await attempt(gate, 'ok', { ask: { charge: { calls: 1 } } }), null)
})

t.test('refused credentials of one platform leave the other of the same app alone, a throttle does not', async t => {
  const governor = openStage().open()
  const [facebook, instagram] = [governor.gateOf('facebook'), governor.gateOf('instagram')]
  const ask: Reservation = { charge: { calls: 1 } }
  await attempt(facebook, authRefused('x'), { ask })
  t.equal(await attempt(instagram, 'ok', { ask }), null)
  await attempt(instagram, throttled('x', null), { ask })
  t.match(await attempt(facebook, 'ok', { ask }), { reason: 'throttled' })
})

t.test('a platform that keeps failing is left alone for longer and longer, with one call to try', async t => {
  const stage = openStage()
  const [gate, other] = [stage.open().gateOf('youtube'), stage.open().gateOf('youtube')]
  let sent = 0
  for (let n = 0; n < 20; n++) if (await attempt(n % 2 === 0 ? gate : other, 'dead') === null) sent++
  t.equal(sent, 5, 'of all workers together')
  for (const seconds of [30, 60, 120, 240, 300, 300]) {
    const refused = await attempt(other, 'ok')
    t.match(refused, { reason: 'transient', code: 'INS_PLATFORM_FAILING', retryAt: stage.clock.time + seconds * 1000 })
    stage.clock.time = refused?.retryAt ?? 0
    const probe = startCall(60_000, 'planned')
    const pass = await enter(gate, probe)
    t.ok('beforeTry' in pass)
    t.match(await attempt(other, 'ok'), { code: 'INS_PLATFORM_FAILING' }, 'one call tries')
    if ('beforeTry' in pass) await pass.afterTry(false)
  }
  stage.clock.time += 300_000
  t.equal(await attempt(other, 'ok'), null)
  t.equal(await attempt(gate, 'ok'), null, 'its success ends it')
})

t.test('how long a circuit stays open goes by the clock of the state, whatever a worker takes for the time', async t => {
  const stage = openStage()
  const wrong = { now: () => START + 7 * 60 * MINUTE }
  const accounts = { youtube: 'youtube', soundcloud: 's', x: 'x', facebook: 'f', instagram: 'i' }
  const gate = createGovernor({ shared: stage.shared, clock: wrong, rules: rulesOf(NO_LIMITS), accounts }).gateOf('youtube')
  for (let n = 0; n < 5; n++) t.equal(await attempt(gate, 'dead'), null)
  t.match(await attempt(stage.open().gateOf('youtube'), 'ok'), { code: 'INS_PLATFORM_FAILING', retryAt: START + 30_000 })
})

t.test('repeats are at most a fifth of the calls', async t => {
  const gate = openStage().open().gateOf('x')
  const ask: Reservation = { charge: { calls: 1 } }
  let repeats = 0
  const calls = 500
  for (let n = 0; n < calls; n++) {
    const pass = await enter(gate, startCall(60_000, 'planned'), ask)
    if (!('beforeTry' in pass)) continue
    await pass.afterTry(true)
    await pass.beforeTry(2).then(() => { repeats++ }, () => {})
  }
  t.ok(repeats <= calls * 0.2 + 10 && repeats >= calls * 0.2, `${repeats} repeats of ${calls} calls`)
})

t.test('a ledger that can not be reached lets nothing through', async t => {
  const away: SharedState = {
    read: () => Promise.reject(new Error('away')),
    swap: () => Promise.reject(new Error('away')),
    claim: () => Promise.reject(new Error('away')),
    keep: () => Promise.reject(new Error('away'))
  }
  const gate = openStage({}, away).open().gateOf('youtube')
  t.match(await attempt(gate, 'ok'), { reason: 'transient', code: 'INS_PLATFORM_LEDGER' })
})

t.test('a ledger that does not answer lets nothing through, and the end of the call is no word of the platform', async t => {
  const { shared } = openStage()
  const gate = openStage({}, { ...shared, read: async () => await new Promise(() => {}) }).open().gateOf('youtube')
  t.match(await enter(gate, startCall(20, 'planned')), { code: 'INS_PLATFORM_TIMEOUT', isHeldBack: true })
})

t.test('what is refused for ids that have been asked for is not held back', async t => {
  const gate = openStage({ youtube: { unitsPerDay: 1 } }).open().gateOf('youtube')
  t.equal(await attempt(gate, 'ok', { urgency: 'on_demand' }), null)
  const refused = async (isFurther: boolean): Promise<unknown> => await enter(gate, startCall(60_000, 'on_demand'), { ...reservation, isFurther })
  t.match(await refused(false), { reason: 'quota', isHeldBack: true })
  t.match(await refused(true), { reason: 'quota', isHeldBack: undefined })
})

t.test('a state that nobody can read lets nothing through', async t => {
  const stage = openStage()
  await stage.shared.swap('youtube', { from: 0, to: 1, value: '{"usage":1}', notAfter: START })
  t.match(await attempt(stage.open().gateOf('youtube'), 'ok'), { code: 'INS_PLATFORM_LEDGER' })
})

t.test('a ledger that lost its data is given back what a worker knows', async t => {
  const clock = { time: START, now: () => clock.time }
  let inner = createMemoryState(clock)
  const shared: SharedState = {
    read: async key => await inner.read(key),
    swap: async (key, change) => await inner.swap(key, change),
    claim: async (...args) => await inner.claim(...args),
    keep: async (...args) => { await inner.keep(...args) }
  }
  const gate = openStage({ youtube: { unitsPerDay: 5 } }, shared).open().gateOf('youtube')
  for (let n = 0; n < 3; n++) await attempt(gate, 'ok', { urgency: 'on_demand' })
  inner = createMemoryState(clock)
  const results = []
  for (let n = 0; n < 4; n++) results.push(await attempt(gate, 'ok', { urgency: 'on_demand' }))
  t.equal(results.filter(result => result === null).length, 2)
})

t.test('a decision that comes too late is made anew', async t => {
  const stage = openStage({ youtube: { unitsPerDay: 5 } })
  const slow: SharedState = {
    ...stage.shared,
    read: async key => {
      const read = await stage.shared.read(key)
      if (stage.clock.time === START) stage.clock.time += 20 * 60 * MINUTE // The process stands still over midnight.
      return read
    }
  }
  const gate = createGovernor({
    shared: slow,
    clock: stage.clock,
    rules: rulesOf({ ...NO_LIMITS, youtube: { unitsPerDay: 5 } }),
    accounts: { youtube: 'youtube', soundcloud: 's', x: 'x', facebook: 'f', instagram: 'i' }
  }).gateOf('youtube')
  t.equal(await attempt(gate, 'ok'), null)
  const { value } = await stage.shared.read('youtube')
  t.same(Object.keys((JSON.parse(value ?? '{}') as { usage: { stats: unknown[] } }).usage.stats.map((entry: unknown) => entry)), ['0', '1'], 'counted at midnight')
})

t.test('calls are spread over time, those of all workers together', async t => {
  const stage = openStage({ soundcloud: { ...NO_LIMITS.soundcloud, callsPerSecond: 100 } })
  const gates = [stage.open().gateOf('soundcloud'), stage.open().gateOf('soundcloud')]
  await Promise.all(Array.from({ length: 8 }, async (_, n) => await attempt(gates[n % 2] as Gate, 'ok', { ask: { charge: { calls: 1 } } })))
  const { value } = await stage.shared.read('soundcloud')
  t.equal((JSON.parse(value ?? '{}') as { nextSendAt: number }).nextSendAt, START + 80)
  const impatient = startCall(5, 'planned')
  t.match(await enter(gates[0] as Gate, impatient, { charge: { calls: 1 } }), { reason: 'throttled', retryAt: START + 80 })
})

t.test('a call waits for its turn for half of its time at most, and one without time takes nothing', async t => {
  const stage = openStage({ soundcloud: { ...NO_LIMITS.soundcloud, callsPerSecond: 2.5 } })
  const gate = stage.open().gateOf('soundcloud')
  const ask: Reservation = { charge: { calls: 1 } }
  t.equal(await attempt(gate, 'ok', { ask }), null)
  t.match(await enter(gate, startCall(500, 'planned'), ask), { reason: 'throttled', retryAt: START + 400 })
  stage.clock.time += 400
  t.match(await enter(gate, startCall(0, 'planned'), ask), { reason: 'transient', code: 'INS_PLATFORM_TIMEOUT', isHeldBack: true })
  t.equal(await attempt(gate, 'ok', { ask }), null)
  const { value } = await stage.shared.read('soundcloud')
  const { usage } = JSON.parse(value ?? '{}') as { usage: { calls: Array<[number, number, number]> } }
  t.equal(usage.calls[0]?.[1], 2)
})

t.test('calls that wait for their turn when the platform refuses are not sent, and what they took stays taken', async t => {
  const stage = openStage({ soundcloud: { ...NO_LIMITS.soundcloud, callsPerSecond: 100 } })
  const [gate, other] = [stage.open().gateOf('soundcloud'), stage.open().gateOf('soundcloud')]
  const ask: Reservation = { charge: { calls: 1 } }
  const first = startCall(60_000, 'planned')
  await enter(gate, first, ask)
  // No timer ends before what needs none is done.
  const waiting = [gate, other, gate].map(async each => await enter(each, startCall(60_000, 'planned'), ask))
  await gate.settle(first, [failed(throttled('x', START + 7 * MINUTE))])
  for (const result of await Promise.all(waiting)) {
    t.match(result, { reason: 'throttled', code: 'INS_PLATFORM_THROTTLED', retryAt: START + 7 * MINUTE, isHeldBack: true })
  }
  const { value } = await stage.shared.read('soundcloud')
  const { usage } = JSON.parse(value ?? '{}') as { usage: { calls: Array<[number, number, number]> } }
  t.equal(usage.calls[0]?.[1], 4)
})

t.test('of the calls that wait for their turn beyond the end of a refusal one tries', async t => {
  const stage = openStage({ soundcloud: { ...NO_LIMITS.soundcloud, callsPerSecond: 100 } })
  const [gate, other] = [stage.open().gateOf('soundcloud'), stage.open().gateOf('soundcloud')]
  const ask: Reservation = { charge: { calls: 1 } }
  const first = startCall(60_000, 'planned')
  await enter(gate, first, ask)
  const waiting = [gate, other].map(async each => await enter(each, startCall(60_000, 'planned'), ask))
  await gate.settle(first, [failed(throttled('x', START + MINUTE))])
  stage.clock.time += MINUTE
  t.strictSame((await Promise.all(waiting)).map(result => 'beforeTry' in result).sort(), [false, true])
})

t.test('a use of 80 % that the platform reports slows down, 95 % stops for all until less is reported or an hour has passed', async t => {
  const stage = openStage()
  const [gate, other] = [stage.open().gateOf('facebook'), stage.open().gateOf('instagram')]
  const ask: Reservation = { charge: { calls: 50 }, divisible: 'calls' }
  const report = async (percent: number): Promise<void> => {
    const call = startCall(1000, 'planned')
    const pass = await enter(gate, call, { charge: { calls: 1 } })
    t.ok('beforeTry' in pass, `at ${percent} %`)
    await gate.report(percent, call)
    await gate.settle(call, [ok])
  }
  await report(79)
  t.equal(await attempt(other, 'ok', { ask }), null)
  await report(80)
  t.equal(await attempt(other, 'ok', { ask }), null, 'one goes')
  t.match(await enter(other, startCall(1000, 'planned'), ask), { reason: 'throttled', retryAt: START + 20 * MINUTE }, 'and has its share of the hour to itself')
  stage.clock.time += 20 * MINUTE
  await report(96)
  t.match(await attempt(other, 'ok', { ask }), { reason: 'throttled', retryAt: stage.clock.time + 60 * MINUTE })
  stage.clock.time += 60 * MINUTE
  await report(97)
  t.match(await attempt(other, 'ok', { ask }), { reason: 'throttled' }, 'the one call that tried was told the same')
  stage.clock.time += 60 * MINUTE
  await report(30)
  t.equal(await attempt(other, 'ok', { ask }), null)
})

t.test('what one platform of an app reports does not end the stop that the other has reported', async t => {
  const governor = openStage().open()
  const [facebook, instagram] = [governor.gateOf('facebook'), governor.gateOf('instagram')]
  const [one, other] = [startCall(1000, 'planned'), startCall(1000, 'planned')]
  await enter(facebook, one, { charge: { calls: 1 } })
  await enter(instagram, other, { charge: { calls: 1 } })
  await facebook.report(96, one)
  await instagram.report(30, other)
  t.match(await attempt(facebook, 'ok', { ask: { charge: { calls: 1 } } }), { reason: 'throttled' })
  await facebook.report(30, one)
  t.equal(await attempt(facebook, 'ok', { ask: { charge: { calls: 1 } } }), null)
})

t.test('what goes through for a token is counted and not held back', async t => {
  const stage = openStage({ soundcloud: { callsPerSecond: 0, grantsPer12Hours: 2, grantsPerHour: 25 } })
  const gate = stage.open().gateOf('soundcloud')
  await attempt(gate, throttled('x', null), { ask: { charge: { calls: 1 } } })
  const ask: Reservation = { charge: { grants: 1, grants_per_hour: 1 }, ignoresHolds: true }
  const results = []
  for (let n = 0; n < 3; n++) results.push(await enter(gate, startCall(1000, 'on_demand'), ask))
  t.same(results.map(result => 'beforeTry' in result), [true, true, false])
})
