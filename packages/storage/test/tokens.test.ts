import { hashToken, isActiveToken, tokenIdOf } from '@insights/shared'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { t } from 'tap'
import { createPgliteTokenStore, migratePglite } from '../src/pglite/index.js'
import type { TokenRecord } from '../src/token-port.js'
import { BOOTSTRAP_TOKEN_NAME, describeToken, issueToken, rotateToken, unknownToken } from '../src/tokens.js'

const db = await openMemoryDatabase()
await migratePglite(db)
t.teardown(async () => { await db.close() })
const tokens = createPgliteTokenStore(db)
const HOST = { name: 'host', scopes: ['read', 'write'] as const, expires_at: null }

t.test('a token is issued, and only its hash is stored', async t => {
  const { token, record } = await issueToken(tokens, HOST)
  t.match(record, { id: tokenIdOf(hashToken(token)), hash: hashToken(token), name: 'host', scopes: ['read', 'write'] })
  t.same(await tokens.findByHash(hashToken(token)), record)
  t.notMatch(JSON.stringify(await tokens.list()), token)
})

t.test('a description has everything but the hash, and whether the token is accepted', async t => {
  const { record } = await issueToken(tokens, { ...HOST, expires_at: '2030-01-01T00:00:00.000Z' })
  const { hash, ...shown } = record
  const end = Date.parse('2030-01-01T00:00:00.000Z')
  t.strictSame(describeToken(record, end - 1), { ...shown, is_active: true })
  t.strictSame(describeToken(record, end), { ...shown, is_active: false })
  t.notMatch(JSON.stringify(describeToken(record, end)), hash)
})

t.test('a rotation makes a token of the same kind, and both are accepted until the overlap ends', async t => {
  const { record } = await issueToken(tokens, HOST)
  const now = Date.parse('2026-11-23T12:00:00.000Z')
  const { token, record: next, replaced } = await rotateToken(tokens, record.id, { now, overlapMs: 1_000 })
  t.match(next, { hash: hashToken(token), name: 'host', scopes: ['read', 'write'], expires_at: null })
  t.same(replaced, { ...record, expires_at: '2026-11-23T12:00:01.000Z' })
  t.same([now + 999, now + 1_000].map(at => [isActiveToken(replaced, at), isActiveToken(next, at)]), [[true, true], [false, true]])
})

t.test('an overlap never prolongs the life of a token', async t => {
  const now = Date.now()
  const end = new Date(now + 60_000).toISOString()
  const { record } = await issueToken(tokens, { ...HOST, expires_at: end })
  t.equal((await rotateToken(tokens, record.id, { now, overlapMs: 3_600_000 })).replaced.expires_at, end)
})

t.test('the new token lives as long as the old one was made to live, unless something else is said', async t => {
  const { record } = await issueToken(tokens, { ...HOST, expires_at: '2030-01-01T00:00:00.000Z' })
  const lifetime = Date.parse('2030-01-01T00:00:00.000Z') - Date.parse(record.created_at)
  const now = Date.parse('2029-12-31T00:00:00.000Z')
  const rotation = { now, overlapMs: 60_000 }
  t.equal((await rotateToken(tokens, record.id, rotation)).record.expires_at, new Date(now + lifetime).toISOString())
  for (const expiresAt of [null, '2031-01-01T00:00:00.000Z']) {
    t.equal((await rotateToken(tokens, record.id, { ...rotation, expiresAt })).record.expires_at, expiresAt)
  }
})

t.test('a token that expires at the end of the calendar can be rotated', async t => {
  const end = '9999-12-31T23:59:59.000Z'
  const { record } = await issueToken(tokens, { ...HOST, expires_at: end })
  const rotation = { now: Date.parse(record.created_at) + 60_000, overlapMs: 0 }
  t.equal((await rotateToken(tokens, record.id, rotation)).record.expires_at, '9999-12-31T23:59:59.999Z')
})

t.test('what replaces a bootstrap token does not bear its name', async t => {
  const { record } = await issueToken(tokens, { ...HOST, name: BOOTSTRAP_TOKEN_NAME })
  t.equal((await rotateToken(tokens, record.id, { now: Date.now(), overlapMs: 0 })).record.name, 'rotated bootstrap')
})

t.test('only an active token is rotated', async t => {
  const now = Date.now()
  const [revoked, expired] = [await issueToken(tokens, HOST), await issueToken(tokens, { ...HOST, expires_at: new Date(now).toISOString() })]
  await tokens.revoke(revoked.record.id)
  const before = await tokens.list()
  for (const { record } of [revoked, expired]) {
    await t.rejects(rotateToken(tokens, record.id, { now, overlapMs: 0 }), { code: 'INS_TOKEN_INACTIVE' })
  }
  await t.rejects(rotateToken(tokens, '0123456789abcdef', { now, overlapMs: 0 }), { code: unknownToken().code })
  t.same(await tokens.list(), before)
})

t.test('a token that is revoked in the middle of its rotation leaves no valid one behind', async t => {
  const { record } = await issueToken(tokens, HOST)
  const revoking = {
    ...tokens,
    expire: async (id: string, at: string): Promise<TokenRecord | null> => {
      await tokens.revoke(id)
      return await tokens.expire(id, at)
    }
  }
  const before = new Set((await tokens.list()).map(({ id }) => id))
  await t.rejects(rotateToken(revoking, record.id, { now: Date.now(), overlapMs: 60_000 }), { code: 'INS_TOKEN_INACTIVE' })
  const made = (await tokens.list()).filter(({ id }) => !before.has(id))
  t.match(made, [{ revoked_at: String }])
})

t.test('a crash in the middle of a rotation leaves the old token as it was', async t => {
  const { record } = await issueToken(tokens, HOST)
  const crashing = { ...tokens, expire: async (): Promise<TokenRecord> => { throw new Error('crash') } }
  await t.rejects(rotateToken(crashing, record.id, { now: Date.now(), overlapMs: 0 }), /crash/)
  t.same(await tokens.findByHash(record.hash), record)
})
