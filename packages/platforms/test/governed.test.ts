import { openSandbox, type Sandbox } from '@insights/sandbox'
import type { Milliseconds, SharedState } from '@insights/shared'
import { t, type Test } from 'tap'
import { nextMidnight } from '../src/budget.js'
import { startCall } from '../src/deadline.js'
import { CallError } from '../src/failure.js'
import { createGovernor, type Governor } from '../src/governor.js'
import { openPlatforms } from '../src/index.js'
import { createMemoryState } from '../src/memory-state.js'
import { NO_LIMITS, rulesOf, type PlatformLimits } from '../src/rules.js'
import { inAWord } from './traps.js'

const DAY: Milliseconds = 86_400_000
const NOON = Date.parse('2026-11-23T12:00:00Z')

/** Two workers on one state, and the stand-in whose clock stands still at noon. */
interface Stage {
  sandbox: Sandbox
  one: ReturnType<typeof openPlatforms>
  other: ReturnType<typeof openPlatforms>
}

/** `fromOther`: the state as the second worker gets at it. */
async function openStage (t: Test, limits: Partial<PlatformLimits>, fromOther = (shared: SharedState) => shared): Promise<Stage> {
  const sandbox = await openSandbox()
  sandbox.clock.freeze()
  sandbox.clock.set(NOON)
  const { baseUrls, credentials } = sandbox
  const shared = createMemoryState(sandbox.clock)
  const open = (shared: SharedState): ReturnType<typeof openPlatforms> => openPlatforms({
    youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
    soundcloud: { baseUrl: baseUrls.soundcloud, tokenUrl: baseUrls.soundcloudToken, ...credentials.soundcloud },
    x: { baseUrl: baseUrls.x, ...credentials.x },
    facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook }
  }, { clock: sandbox.clock, shared, limits: { ...NO_LIMITS, ...limits }, random: () => 0 })
  const [one, other] = [open(shared), open(fromOther(shared))]
  t.teardown(async () => {
    await one.close()
    await other.close()
    await sandbox.close()
  })
  return { sandbox, one, other }
}

t.test('money at X is spent up to the cap of the day, by both workers together, and a fifth of it only on demand', async t => {
  const { sandbox, one, other } = await openStage(t, { x: { callsPer15Minutes: null, centsPerDay: 5 } })
  const words = async (worker: typeof one, handles: string[], urgency: 'planned' | 'on_demand'): Promise<unknown[]> =>
    (await worker.clients.x?.fetchCounts(handles, { urgency }) ?? []).map(inAWord).map(word => typeof word === 'number' ? 'ok' : word)
  const used = 'quota@2026-11-24T00:02:00'
  t.strictSame(await words(one, ['a1', 'a2', 'a3'], 'planned'), ['ok', 'ok', 'ok'])
  t.strictSame(await words(other, ['b1', 'b2', 'b3'], 'planned'), ['ok', used, used])
  t.strictSame(await words(other, ['c1', 'c2'], 'on_demand'), ['ok', used])
  t.equal(sandbox.calls.totals('x').cost, 0.05)
  sandbox.clock.set(NOON + DAY)
  t.strictSame(await words(one, ['d1'], 'planned'), ['ok'])
})

t.test('fault 18: after a 429 nothing is sent before the time, by any worker, and other platforms go on', async t => {
  const { sandbox, one, other } = await openStage(t, {})
  sandbox.faults.add({ platform: 'x', kind: 'error', error: 'tooManyRequests' })
  sandbox.faults.add({ platform: 'facebook', kind: 'error', error: '4' })
  const ask = async (worker: typeof one): Promise<string> => {
    const x = await worker.clients.x?.fetchCounts(['gigpro']) ?? []
    const facebook = await worker.clients.facebook?.fetchCounts(['4546477']) ?? []
    const youtube = await worker.clients.youtube?.fetchCounts(['l4WNrvVjiTw']) ?? []
    return [...x, ...facebook, ...youtube].map(outcome => outcome.kind === 'failed' ? outcome.failure.reason : outcome.kind).join(' ')
  }
  t.equal(await ask(one), 'throttled throttled ok')
  t.equal(await ask(other), 'throttled throttled ok', 'which had not been told itself')
  t.same([sandbox.calls.totals('x').calls, sandbox.calls.totals('facebook').calls], [1, 1])
  const { parked } = await other.readStatus('facebook')
  sandbox.clock.set(Date.parse(parked?.until ?? '') - 1_000)
  await ask(one)
  t.equal(sandbox.calls.totals('facebook').calls, 1, 'not a second before the time')
  sandbox.clock.set(Date.parse(parked?.until ?? '') + 1_000)
  t.match(await ask(one), / ok ok$/)
  sandbox.clock.set(NOON + 3_600_000)
  t.equal(await ask(other), 'ok ok ok')
})

t.test('fault 18: what waits for its pace when the 429 comes is not sent either', async t => {
  const earlier: Array<Promise<unknown>> = []
  let isWaiting = false
  const { sandbox, one, other } = await openStage(t, { soundcloud: { ...NO_LIMITS.soundcloud, callsPerSecond: 20 } }, shared => ({
    ...shared,
    // From when on the call is let through, nothing is read before the other one has its answer.
    read: async key => {
      if (isWaiting) await Promise.all(earlier)
      return await shared.read(key)
    },
    swap: async (key, change) => {
      const isDone = await shared.swap(key, change)
      isWaiting ||= isDone
      return isDone
    }
  }))
  const ask = async (worker: typeof one): Promise<unknown> => (await worker.clients.soundcloud?.fetchCounts(['230230230']))?.map(inAWord)[0]
  t.equal(await ask(one), 230)
  const { calls } = sandbox.calls.totals('soundcloud')
  sandbox.clock.set(NOON + 1_000)
  sandbox.faults.add({ platform: 'soundcloud', kind: 'error', error: 'rateLimit' })
  earlier.push(ask(one))
  t.match(await ask(other), /^throttled@/)
  t.match(await earlier[0], /^throttled@/)
  t.equal(sandbox.calls.totals('soundcloud').calls - calls, 1)
})

t.test('a page with a permission of its own holds no other page back, a permission that the app has lost does', async t => {
  const { sandbox, one, other } = await openStage(t, {})
  const ask = async (worker: typeof one, id: string): Promise<unknown> => (await worker.clients.facebook?.fetchCounts([id]))?.map(inAWord)[0]
  sandbox.entities.set('facebook', '1000001', 'restricted')
  t.equal(await ask(one, '1000001'), 'auth')
  t.equal(await ask(one, '4546477'), 4546)
  t.equal(await ask(other, '1000001'), 'auth')
  t.equal(await ask(one, '4546477'), 4546)
  t.equal((await one.readStatus('facebook')).parked, null)
  sandbox.settings.set({ facebook: { permission: 'refused' } })
  t.equal(await ask(one, '1000001'), 'auth@2026-11-23T12:15:00')
  t.equal(await ask(other, '4546477'), 'auth@2026-11-23T12:15:00')
  sandbox.settings.set({ facebook: { permission: 'granted' } })
  sandbox.clock.set(NOON + 3_600_000)
  t.equal(await ask(one, '1000001'), 'auth')
  t.equal(await ask(other, '4546477'), 4546, 'the credentials were proved by the page that was asked besides')
})

t.test('fault 19: a platform that fails for ten minutes is asked a few times only, and then again', async t => {
  const { sandbox, one, other } = await openStage(t, {})
  sandbox.faults.add({ platform: 'youtube', kind: 'status', status: 503, times: Infinity })
  const kinds = new Set<string>()
  for (let second = 0; second < 600; second += 5) {
    sandbox.clock.set(NOON + second * 1_000)
    for (const worker of [one, other]) for (const outcome of await worker.clients.youtube?.fetchCounts(['l4WNrvVjiTw']) ?? []) kinds.add(outcome.kind)
  }
  t.strictSame([...kinds], ['failed'])
  const { calls } = sandbox.calls.totals('youtube')
  t.ok(calls <= 12, `${calls} calls were made, 240 were wished for`)
  sandbox.faults.clear()
  sandbox.clock.set(NOON + DAY)
  t.same((await one.clients.youtube?.fetchCounts(['l4WNrvVjiTw']))?.map(inAWord), [30])
  t.equal((await other.readStatus('youtube')).circuit, 'closed')
})

t.test('in a month of five workers that crash at random no call is made over the budget of a day or an hour', async t => {
  const limits = { ...NO_LIMITS, youtube: { unitsPerDay: 40 }, facebook: { callsPerHour: 30 }, instagram: { callsPerHour: 30 } }
  // The last day of daylight saving time in Los Angeles lies in between.
  const clock = { time: Date.parse('2026-10-15T00:00:00Z'), now: () => clock.time }
  const shared = createMemoryState(clock)
  const start = (): Governor => createGovernor({
    shared, clock, rules: rulesOf(limits), accounts: { youtube: 'youtube', soundcloud: 'soundcloud', x: 'x', facebook: 'graph', instagram: 'graph' }
  })
  const workers = [1, 2, 3, 4, 5].map(start)
  const sent: Record<'youtube' | 'graph', Array<{ at: Milliseconds, units: number }>> = { youtube: [], graph: [] }
  let seed = 1
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  let crashes = 0
  const until = clock.time + 31 * DAY
  while (clock.time < until) {
    const number = Math.floor(random() * workers.length)
    const platform = random() < 0.5 ? 'youtube' : random() < 0.5 ? 'facebook' : 'instagram'
    const units = platform === 'youtube' ? 1 : 1 + Math.floor(random() * 10)
    const gate = (workers[number] as Governor).gateOf(platform)
    const call = startCall(60_000, random() < 0.3 ? 'on_demand' : 'planned')
    try {
      const pass = await gate.reserve(platform === 'youtube' ? { charge: { stats: 1 } } : { charge: { calls: units }, divisible: 'calls' }, call)
      await pass.beforeTry(1)
      // A call may be under way for some seconds before the platform counts it.
      sent[platform === 'youtube' ? 'youtube' : 'graph'].push({ at: clock.time + random() * 10_000, units: platform === 'youtube' ? 1 : pass.granted })
      if (random() < 0.05) {
        workers[number] = start()
        crashes++
      } else await gate.settle(call, [{ kind: 'ok', count: 1 }])
    } catch (error) {
      if (!(error instanceof CallError)) throw error
    }
    clock.time += random() * 4 * 60_000
  }
  const days = new Map<Milliseconds, number>()
  for (const { at, units } of sent.youtube) days.set(nextMidnight('pacific', at), (days.get(nextMidnight('pacific', at)) ?? 0) + units)
  const overOfDay = [...days.values()].reduce((sum, used) => sum + Math.max(0, used - 40), 0)
  const graph = sent.graph.sort((a, b) => a.at - b.at)
  const overOfHour = graph.reduce((most, { at }) => Math.max(most,
    graph.filter(call => call.at > at - 3_600_000 && call.at <= at).reduce((sum, { units }) => sum + units, 0) - 30), 0)
  t.comment(`${sent.youtube.length} calls of YouTube on ${days.size} days, ${graph.length} batches of the Graph API, ${crashes} crashes`)
  t.ok(sent.youtube.length > 900 && graph.length > 1_000 && crashes > 50, 'the month was busy')
  t.equal(overOfDay, 0)
  t.equal(overOfHour, 0)
})
