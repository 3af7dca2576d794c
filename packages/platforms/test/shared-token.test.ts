import { openSandbox, type Sandbox } from '@insights/sandbox'
import type { SharedState } from '@insights/shared'
import { t, type Test } from 'tap'
import { openPlatforms, type CountOutcome } from '../src/index.js'
import { createMemoryState } from '../src/memory-state.js'
import { createSharedTokenCache } from '../src/shared-token-cache.js'

const START = Date.parse('2026-11-23T12:00:00Z')
const HOUR = 3_600_000

interface Stage {
  sandbox: Sandbox
  shared: SharedState
  /** One more process; gives what becomes of one lookup. */
  open: (changes?: { clientSecret?: string }) => () => Promise<CountOutcome['kind']>
  /** How often a token was asked for, with and without a refresh token. */
  grants: () => number
}

async function openStage (t: Test): Promise<Stage> {
  const sandbox = await openSandbox()
  sandbox.clock.freeze()
  sandbox.clock.set(START)
  t.teardown(sandbox.close)
  const shared = createMemoryState(sandbox.clock)
  return {
    sandbox,
    shared,
    open: changes => {
      const { baseUrls, credentials } = sandbox
      const soundcloud = { baseUrl: baseUrls.soundcloud, tokenUrl: baseUrls.soundcloudToken, ...credentials.soundcloud, ...changes }
      const platforms = openPlatforms({ soundcloud }, { clock: sandbox.clock, shared })
      t.teardown(platforms.close)
      return async () => (await platforms.clients.soundcloud?.fetchCounts(['230230230']))?.[0]?.kind ?? 'failed'
    },
    grants: () => sandbox.calls.list('soundcloud').filter(({ path }) => path.endsWith('/oauth/token')).length
  }
}

t.test('processes that need a token at the same time get one together', async t => {
  const { open, grants } = await openStage(t)
  const workers = [1, 2, 3, 4, 5].map(() => open())
  t.same(new Set(await Promise.all(workers.map(async ask => await ask()))), new Set(['ok']))
  t.equal(grants(), 1)
})

t.test('a process that starts later, or again, uses the token that is there, and one of them renews it', async t => {
  const { sandbox, open, grants } = await openStage(t)
  const [one, other] = [open(), open()]
  await one()
  t.equal(await other(), 'ok')
  t.equal(grants(), 1)
  sandbox.clock.set(START + HOUR - 100_000)
  t.same(await Promise.all([one(), other(), open()()]), ['ok', 'ok', 'ok'])
  t.equal(grants(), 2, 'by its refresh token, two minutes early')
  t.equal(sandbox.calls.list('soundcloud').filter(({ status }) => status === 401).length, 0)
})

t.test('a token that was refused is renewed once for all', async t => {
  const { sandbox, open, grants } = await openStage(t)
  const [one, other] = [open(), open()]
  await one()
  await other()
  sandbox.reset() // which knows no token of before
  sandbox.clock.freeze()
  t.same(await Promise.all([one(), other()]), ['ok', 'ok'])
  t.ok(grants() <= 2, 'the refresh token is not known either, and so there are two tries')
})

t.test('it is kept encrypted, and of no use to a process with another secret', async t => {
  const { shared, open, grants } = await openStage(t)
  await open()()
  const { value } = await shared.read('soundcloud-token')
  t.ok(value)
  t.notMatch(Buffer.from(value ?? '', 'base64').toString('latin1'), /accessToken|[Tt]oken/)
  t.equal(await open({ clientSecret: 'another-secret' })(), 'failed')
  t.equal(grants(), 2, 'it has asked for its own')
})

t.test('a renewal whose process died is taken over', async t => {
  const { sandbox, shared, open, grants } = await openStage(t)
  await shared.claim('soundcloud-token', ['renewal'], { leaseMs: 30_000, expiresAt: START + HOUR })
  const asking = open()()
  sandbox.clock.set(START + 31_000)
  t.equal(await asking, 'ok')
  t.equal(grants(), 1)
})

t.test('a turn to renew lasts for two deadlines, and half a minute at least', async t => {
  for (const [deadlineMs, leaseMs] of [[60_000, 120_000], [10_000, 30_000]] as const) {
    const clock = { now: () => START }
    const shared = createMemoryState(clock)
    const cache = createSharedTokenCache({ name: 'SoundCloud', shared, clock, secret: 'secret', deadlineMs })
    await cache.replace(async () => {
      const { notes } = await shared.claim('soundcloud-token', ['renewal'], { leaseMs: null, expiresAt: START + HOUR })
      t.strictSame(notes, [{ kind: 'held', until: START + leaseMs }])
      return { accessToken: 'T', refreshToken: null, renewAt: START, expiresAt: START + HOUR }
    })
  }
})

t.test('a turn that could not be let go does not hold up the process that had it', async t => {
  const { shared, open, grants } = await openStage(t)
  const ask = open()
  const { claim, read, keep } = shared
  const away = async (): Promise<never> => { throw new Error('away') }
  // Redis goes away when the turn is taken, and comes back.
  Object.assign(shared, {
    claim: async (...args: Parameters<SharedState['claim']>) => {
      const notes = await claim(...args)
      Object.assign(shared, { read: away, keep: away })
      return notes
    }
  })
  t.equal(await ask(), 'failed')
  t.equal(grants(), 0)
  Object.assign(shared, { claim, read, keep })
  t.equal(await ask(), 'ok', 'its own lease would have been longer than a call may take')
  t.equal(grants(), 1)
})
