import { createToken, hashToken } from '@insights/shared'
import type { NewToken, TokenStore } from '../../src/token-port.js'

type Tap = typeof import('tap').t

const newToken = (changes: Partial<NewToken> = {}): NewToken =>
  ({ hash: hashToken(createToken()), name: 'host', scopes: ['read', 'write'], expires_at: null, ...changes })

/** The promises of `TokenStore`, for any adapter. `open` gives a store without tokens that lives until the test ends. */
export function tokenStoreContract (t: Tap, name: string, open: (t: Tap) => Promise<TokenStore>): void {
  t.test(`${name}: a token is found by its hash, expired or not`, async t => {
    const tokens = await open(t)
    const expired = newToken({ expires_at: '2020-01-01T00:00:00.000Z' })
    const record = await tokens.add(expired)
    t.match(record, { ...expired, scopes: ['read', 'write'] })
    t.same(await tokens.findByHash(expired.hash), record)
    t.equal(await tokens.findByHash(hashToken('another')), null)
  })

  t.test(`${name}: adding a token again changes it and keeps one`, async t => {
    const tokens = await open(t)
    const token = newToken()
    const before = await tokens.add(token)
    const after = await tokens.add({ ...token, name: 'renamed', scopes: ['read'] })
    t.match(after, { name: 'renamed', scopes: ['read'], created_at: before.created_at })
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
}
