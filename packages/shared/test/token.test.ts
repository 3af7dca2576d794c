import { t } from 'tap'
import { createToken, hashToken, isActiveToken, isMistyped, isTokenId, tokenIdOf } from '../src/token.js'

t.test('tokens are long, different, and of one form', async t => {
  const tokens = Array.from({ length: 100 }, createToken)
  t.equal(new Set(tokens).size, 100)
  t.ok(tokens.every(token => /^ins_[\w-]{43}_[0-9a-f]{8}$/.test(token)))
})

t.test('a token is stored as its SHA-256', async t => {
  t.equal(hashToken('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

t.test('a slip in a token is seen without asking the store', async t => {
  const token = createToken()
  t.notOk(isMistyped(token))
  t.ok(isMistyped(token.slice(0, -1)))
  t.ok(isMistyped(`${token}0`))
  const last = token.at(20) === 'A' ? 'B' : 'A'
  t.ok(isMistyped(token.slice(0, 20) + last + token.slice(21)))
  t.notOk(isMistyped('a token of the operator’s own choice'), 'only tokens of our form have a checksum')
})

t.test('a token is named after the first 64 bits of its hash', async t => {
  t.equal(tokenIdOf(hashToken('abc')), 'ba7816bf8f01cfea')
  t.ok(isTokenId(tokenIdOf(hashToken(createToken()))))
  for (const text of ['', 'ba7816bf8f01cfe', 'ba7816bf8f01cfea4', 'BA7816BF8F01CFEA', 'ga7816bf8f01cfea', hashToken('abc'), createToken()]) {
    t.notOk(isTokenId(text), text)
  }
})

t.test('a token is accepted until it is revoked or its expiry has come', async t => {
  const at = '2026-11-23T12:00:00.000Z'
  const now = Date.parse(at)
  t.ok(isActiveToken({ expires_at: null, revoked_at: null }, now))
  t.ok(isActiveToken({ expires_at: at, revoked_at: null }, now - 1))
  t.notOk(isActiveToken({ expires_at: at, revoked_at: null }, now), 'not in its last moment')
  t.notOk(isActiveToken({ expires_at: null, revoked_at: at }, now - 1), 'whatever a clock says of the revocation')
})
