import { t } from 'tap'
import { readCredentials } from '../src/credentials.js'

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

t.test('a token comes as Token or Bearer, in any case', async t => {
  for (const header of ['Token abc', 'token abc', 'Bearer abc', ' BEARER   abc ']) t.equal(readCredentials(header, false), 'abc', header)
})

t.test('HTTP Basic is understood only where it is allowed, with the token as the password', async t => {
  t.equal(readCredentials(basic('anybody:a:b'), true), 'a:b')
  for (const [text, token] of [[':abc', 'abc'], ['ü:abc', 'abc'], ['any:tökén', 'tökén']] as const) t.equal(readCredentials(basic(text), true), token)
  t.throws(() => readCredentials(basic('anybody:abc'), false), { code: 'INS_AUTH_INVALID' })
})

t.test('what is no credential is refused without repeating it', async t => {
  for (const header of [undefined, '', '  ']) t.throws(() => readCredentials(header, true), { code: 'INS_AUTH_MISSING' })
  for (const header of ['hunter2', 'Digest hunter2', 'Token hunter2 hunter2', 'Token', 'Basic', 'Basic %%%', 'Basic a b', basic(''), basic('hunter2'), basic('hunter2:')]) {
    t.throws(() => readCredentials(header, true), { code: 'INS_AUTH_INVALID', message: /^(?!.*hunter2)/ }, header)
  }
})

t.test('without credentials the message says how to sign in there', async t => {
  t.throws(() => readCredentials(undefined, false), { message: /^(?!.*password)/ })
  t.throws(() => readCredentials(undefined, true), { message: /token as password/ })
})
