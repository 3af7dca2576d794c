import { hashToken, isActiveToken, SCOPES, tokenIdOf, type Log } from '@insights/shared'
import { issueToken, rotateToken, type TokenStore } from '@insights/storage'
import { createPgliteTokenStore, migratePglite } from '@insights/storage/pglite'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { t } from 'tap'
import { ensureToken } from '../src/tokens.js'

const [A, B] = ['the-first-token-of-the-operators-choice', 'the-second-token-of-the-operators-choice']
const db = await openMemoryDatabase()
await migratePglite(db)
t.teardown(async () => { await db.close() })

async function noTokens (): Promise<TokenStore> {
  await db.exec('truncate insights.tokens')
  return createPgliteTokenStore(db)
}

function collectLog (): { log: Log, warnings: string[] } {
  const warnings: string[] = []
  const nothing = (): void => {}
  return { log: { debug: nothing, info: nothing, warn: (details, message) => { warnings.push(message + JSON.stringify(details)) }, error: nothing }, warnings }
}

const { log } = collectLog()

async function isAccepted (tokens: TokenStore, token: string): Promise<boolean> {
  const record = await tokens.findByHash(hashToken(token))
  return record !== null && isActiveToken(record, Date.now())
}

t.test('the first start makes a token with every scope, a later one makes none', async t => {
  const tokens = await noTokens()
  const token = await ensureToken(tokens, null, log)
  t.match(await tokens.findByHash(hashToken(token ?? '')), { name: 'first token', scopes: [...SCOPES], expires_at: null })
  t.equal(await ensureToken(tokens, null, log), null)
  t.equal((await tokens.list()).length, 1)
})

t.test('a token of the operator’s choice is registered once and shown never', async t => {
  const tokens = await noTokens()
  t.equal(await ensureToken(tokens, A, log), null)
  t.equal(await ensureToken(tokens, A, log), null)
  t.match(await tokens.list(), [{ name: 'bootstrap', scopes: [...SCOPES] }])
  t.ok(await isAccepted(tokens, A))
})

t.test('when BOOTSTRAP_TOKEN changes the former one is refused, and no other token is', async t => {
  const tokens = await noTokens()
  const { token: other } = await issueToken(tokens, { name: 'host', scopes: ['read'], expires_at: null })
  await ensureToken(tokens, A, log)
  await ensureToken(tokens, B, log)
  t.same([await isAccepted(tokens, A), await isAccepted(tokens, B), await isAccepted(tokens, other)], [false, true, true])
})

t.test('a former BOOTSTRAP_TOKEN works again when it is set again', async t => {
  const tokens = await noTokens()
  for (const token of [A, B, A]) await ensureToken(tokens, token, log)
  t.same([await isAccepted(tokens, A), await isAccepted(tokens, B)], [true, false])
})

t.test('a start without BOOTSTRAP_TOKEN leaves the former one as it is', async t => {
  const tokens = await noTokens()
  await ensureToken(tokens, A, log)
  await ensureToken(tokens, null, log)
  t.ok(await isAccepted(tokens, A))
})

t.test('a BOOTSTRAP_TOKEN that was revoked stays refused, which the log says without showing it', async t => {
  const tokens = await noTokens()
  await ensureToken(tokens, A, log)
  await tokens.revoke(tokenIdOf(hashToken(A)))
  const { log: watched, warnings } = collectLog()
  await ensureToken(tokens, A, watched)
  t.notOk(await isAccepted(tokens, A))
  t.match(warnings, [/BOOTSTRAP_TOKEN was revoked/])
  t.notMatch(warnings.join(), A)
})

t.test('what replaces a bootstrap token by rotation outlives a change of BOOTSTRAP_TOKEN', async t => {
  const tokens = await noTokens()
  await ensureToken(tokens, A, log)
  const { token } = await rotateToken(tokens, tokenIdOf(hashToken(A)), { now: Date.now(), overlapMs: 0 })
  await ensureToken(tokens, B, log)
  t.same([await isAccepted(tokens, token), await isAccepted(tokens, A)], [true, false])
})
