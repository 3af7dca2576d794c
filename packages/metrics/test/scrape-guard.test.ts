import { t } from 'tap'
import { AppError, createToken, hashToken, type Scope } from '@insights/shared'
import { createScrapeGuard, type ScrapeToken } from '../src/index.js'

const HOUR = 3_600_000

interface Stage {
  check: (header: string | undefined) => Promise<void>
  records: Map<string, ScrapeToken>
  add: (scopes: Scope[], changes?: Partial<ScrapeToken>) => string
  marked: string[]
  setNow: (now: number) => void
  setAway: (isAway: boolean) => void
}

function openStage (): Stage {
  const records = new Map<string, ScrapeToken>()
  const marked: string[] = []
  let [now, isAway] = [Date.parse('2026-11-23T12:00:00Z'), false]
  const unlessAway = (): void => { if (isAway) throw new AppError('INS_STORE_UNAVAILABLE', 'Away') }
  const tokens = {
    findByHash: async (hash: string) => { unlessAway(); return records.get(hash) ?? null },
    markUsed: async (hash: string) => { unlessAway(); marked.push(hash) }
  }
  return {
    check: createScrapeGuard({ tokens, clock: { now: () => now } }),
    records,
    add: (scopes, changes = {}) => {
      const token = createToken()
      const hash = hashToken(token)
      records.set(hash, { hash, scopes, expires_at: null, revoked_at: null, ...changes })
      return token
    },
    marked,
    setNow: value => { now = value },
    setAway: value => { isAway = value }
  }
}

t.test('the scopes metrics and admin may scrape, others may not', async t => {
  const { check, add } = openStage()
  await check(`Token ${add(['metrics'])}`)
  await check(`Bearer ${add(['admin'])}`)
  await check(`Basic ${Buffer.from(`prometheus:${add(['metrics'])}`).toString('base64')}`)
  await t.rejects(check(`Token ${add(['read', 'write'])}`), { code: 'INS_AUTH_SCOPE' })
})

t.test('without a good token nobody scrapes', async t => {
  const { check, add } = openStage()
  await t.rejects(check(undefined), { code: 'INS_AUTH_MISSING' })
  await t.rejects(check(`Token ${createToken()}`), { code: 'INS_AUTH_INVALID' })
  await t.rejects(check(`Token ${add(['metrics'])}x`), { code: 'INS_AUTH_INVALID' })
  await t.rejects(check(`Token ${add(['metrics'], { revoked_at: '2026-11-23T11:00:00.000Z' })}`), { code: 'INS_AUTH_INVALID' })
  await t.rejects(check(`Token ${add(['metrics'], { expires_at: '2026-11-23T12:00:00.000Z' })}`), { code: 'INS_AUTH_INVALID' })
})

t.test('a revocation counts at the next scrape', async t => {
  const { check, add, records } = openStage()
  const token = add(['metrics'])
  await check(`Token ${token}`)
  const hash = hashToken(token)
  records.set(hash, { ...records.get(hash) as ScrapeToken, revoked_at: '2026-11-23T11:00:00.000Z' })
  await t.rejects(check(`Token ${token}`), { code: 'INS_AUTH_INVALID' })
})

t.test('while the store is away, those whom it knew go on scraping, for three days', async t => {
  const { check, add, records, setAway, setNow } = openStage()
  const [known, revoked, unseen, reader] = [add(['metrics']), add(['metrics']), add(['metrics']), add(['read'])]
  await check(`Token ${known}`)
  await check(`Token ${revoked}`)
  records.set(hashToken(revoked), { ...records.get(hashToken(revoked)) as ScrapeToken, revoked_at: '2026-11-23T11:00:00.000Z' })
  await t.rejects(check(`Token ${revoked}`))
  await t.rejects(check(`Token ${reader}`))
  setAway(true)
  await check(`Token ${known}`)
  await t.rejects(check(`Token ${revoked}`), { code: 'INS_AUTH_INVALID' }, 'what it has seen of the revocation counts')
  await t.rejects(check(`Token ${reader}`), { code: 'INS_AUTH_SCOPE' })
  await t.rejects(check(`Token ${unseen}`), { code: 'INS_STORE_UNAVAILABLE' })
  setNow(Date.parse('2026-11-23T12:00:00Z') + 72 * HOUR)
  await check(`Token ${known}`)
  setNow(Date.parse('2026-11-23T12:00:00Z') + 73 * HOUR)
  await t.rejects(check(`Token ${known}`), { code: 'INS_STORE_UNAVAILABLE' }, 'an outage does not prolong itself')
})

t.test('a store that hangs holds up nobody whom it knew', async t => {
  const token = createToken()
  const hash = hashToken(token)
  let isHanging = false
  const tokens = {
    findByHash: async () => isHanging ? await new Promise<never>(() => {}) : { hash, scopes: ['metrics' as const], expires_at: null, revoked_at: null },
    markUsed: async () => {}
  }
  const check = createScrapeGuard({ tokens, clock: { now: () => 0 } })
  await check(`Token ${token}`)
  isHanging = true
  await check(`Token ${token}`)
  await t.rejects(check(`Token ${createToken()}`), { code: 'INS_STORE_UNAVAILABLE' })
})

t.test('an expiry counts also while the store is away', async t => {
  const { check, add, setAway, setNow } = openStage()
  const token = add(['metrics'], { expires_at: '2026-11-23T13:00:00.000Z' })
  await check(`Token ${token}`)
  setAway(true)
  setNow(Date.parse('2026-11-23T13:00:00Z'))
  await t.rejects(check(`Token ${token}`), { code: 'INS_AUTH_INVALID' })
})

t.test('a use is noted once a minute, and fails no scrape', async t => {
  const { check, add, marked, setNow, setAway } = openStage()
  const token = add(['metrics'])
  for (const seconds of [0, 15, 59]) {
    setNow(Date.parse('2026-11-23T12:00:00Z') + seconds * 1_000)
    await check(`Token ${token}`)
  }
  t.same(marked, [hashToken(token)])
  setAway(true)
  setNow(Date.parse('2026-11-23T12:01:00Z'))
  await check(`Token ${token}`)
  setAway(false)
  setNow(Date.parse('2026-11-23T12:02:00Z'))
  await check(`Token ${token}`)
  t.equal(marked.length, 2)
})
