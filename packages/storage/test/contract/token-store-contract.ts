import { createToken, hashToken, LATEST, tokenIdOf, toTimestamp } from '@insights/shared'
import type { NewToken, TokenRecord, TokenStore } from '../../src/token-port.js'

type Tap = import('tap').Test

const newToken = (changes: Partial<NewToken> = {}): NewToken =>
  ({ hash: hashToken(createToken()), name: 'host', scopes: ['read', 'write'], expires_at: null, ...changes })

/** Ids that no token has: of another form, or of nobody. */
const NO_IDS = ['', 'f', '%', '_______________', 'x'.repeat(16), tokenIdOf(hashToken('nobody')), hashToken('nobody')]

/** The promises of `TokenStore`, for any adapter. `open` gives a store without tokens that lives until the test ends. */
export function tokenStoreContract (t: Tap, name: string, open: (t: Tap) => Promise<TokenStore>): void {
  t.test(`${name}: a token is found by its hash, expired or not`, async t => {
    const tokens = await open(t)
    const expired = newToken({ expires_at: '2020-01-01T00:00:00.000Z' })
    const record = await tokens.add(expired)
    t.match(record, { ...expired, id: tokenIdOf(expired.hash), scopes: ['read', 'write'], last_used_at: null, revoked_at: null })
    t.same(await tokens.findByHash(expired.hash), record)
    t.equal(await tokens.findByHash(hashToken('another')), null)
  })

  t.test(`${name}: a token may expire as late as a time can be written`, async t => {
    const tokens = await open(t)
    const late = newToken({ expires_at: toTimestamp(LATEST) })
    t.equal((await tokens.add(late)).expires_at, '9999-12-31T23:59:59.999Z')
    t.equal((await tokens.findByHash(late.hash))?.expires_at, '9999-12-31T23:59:59.999Z')
  })

  t.test(`${name}: adding a token again changes it and keeps one`, async t => {
    const tokens = await open(t)
    const token = newToken()
    const before = await tokens.add(token)
    const after = await tokens.add({ ...token, name: 'renamed', scopes: ['read'], expires_at: '2099-01-01T00:00:00.000Z' })
    t.match(after, { name: 'renamed', scopes: ['read'], created_at: before.created_at, expires_at: '2099-01-01T00:00:00.000Z' })
    t.equal((await tokens.list()).length, 1)
  })

  t.test(`${name}: the list has every token, oldest first`, async t => {
    const tokens = await open(t)
    t.same(await tokens.list(), [])
    const added = []
    for (const name of ['a', 'b', 'c']) added.push(await tokens.add(newToken({ name })))
    const listed = await tokens.list()
    const inOrder = added.sort((a, b) => a.created_at.localeCompare(b.created_at) || a.hash.localeCompare(b.hash))
    t.same(listed, inOrder)
  })

  t.test(`${name}: a revoked token is still found and listed, with the time of its first revocation`, async t => {
    const tokens = await open(t)
    const [other, added] = [await tokens.add(newToken()), await tokens.add(newToken())]
    const revoked = await tokens.revoke(added.id) as TokenRecord
    t.same({ ...revoked, revoked_at: null }, added, 'nothing else changes')
    t.ok(Date.parse(revoked.revoked_at ?? '') >= Date.parse(added.created_at))
    t.same(await tokens.findByHash(added.hash), revoked)
    t.same(await tokens.revoke(added.id), revoked)
    t.same((await tokens.list()).find(({ id }) => id === added.id), revoked)
    t.same(await tokens.findByHash(other.hash), other, 'others are not touched')
  })

  t.test(`${name}: a revocation is final`, async t => {
    const tokens = await open(t)
    const token = newToken()
    const { id } = await tokens.add(token)
    const revoked = await tokens.revoke(id) as TokenRecord
    t.same(await tokens.add(token), revoked)
    t.equal((await tokens.expire(id, '2099-01-01T00:00:00.000Z'))?.revoked_at, revoked.revoked_at)
  })

  t.test(`${name}: a token is made to expire, never later than it would by itself`, async t => {
    const tokens = await open(t)
    const added = await tokens.add(newToken())
    const at = '2030-01-01T00:00:00.000Z'
    t.same(await tokens.expire(added.id, at), { ...added, expires_at: at })
    t.equal((await tokens.expire(added.id, '2030-01-01T00:00:00.001Z'))?.expires_at, at)
    t.equal((await tokens.expire(added.id, '2029-12-31T23:59:59.999Z'))?.expires_at, '2029-12-31T23:59:59.999Z')
    t.same(await tokens.findByHash(added.hash), { ...added, expires_at: '2029-12-31T23:59:59.999Z' })
  })

  t.test(`${name}: an id that no token has changes none`, async t => {
    const tokens = await open(t)
    const added = [await tokens.add(newToken()), await tokens.add(newToken())]
    for (const id of [...NO_IDS, added[0]?.id.slice(0, -1) ?? '', `${added[0]?.id}0`, added[0]?.hash ?? '']) {
      t.equal(await tokens.revoke(id), null, `revoke ${id}`)
      t.equal(await tokens.expire(id, '2020-01-01T00:00:00.000Z'), null, `expire ${id}`)
    }
    t.same(new Set(await tokens.list()), new Set(added))
  })

  t.test(`${name}: a use is noted and changes nothing else`, async t => {
    const tokens = await open(t)
    const added = await tokens.add(newToken())
    await tokens.markUsed(added.hash)
    const first = await tokens.findByHash(added.hash) as TokenRecord
    t.same({ ...first, last_used_at: null }, added)
    t.ok(Date.parse(first.last_used_at ?? '') >= Date.parse(added.created_at))
    await tokens.markUsed(added.hash)
    const { last_used_at: second } = await tokens.findByHash(added.hash) as TokenRecord
    t.ok(Date.parse(second ?? '') >= Date.parse(first.last_used_at ?? ''))
    await tokens.revoke(added.id)
    t.equal((await tokens.findByHash(added.hash))?.last_used_at, second, 'a revocation keeps it')
  })

  t.test(`${name}: a use of a token that is not there makes none`, async t => {
    const tokens = await open(t)
    await tokens.markUsed(hashToken('nobody'))
    t.same(await tokens.list(), [])
  })
}
