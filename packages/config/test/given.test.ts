import t from 'tap'
import { readGiven, type RawEnvironment } from '../src/given.js'
import { listVariables } from '../src/schema.js'

const secrets = listVariables().filter(variable => variable.secret).map(variable => variable.name)

function read (env: RawEnvironment, files: Record<string, string> = {}) {
  return readGiven(env, path => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: ${path}`)
    return text
  })
}

t.test('every secret can come from a file', async t => {
  for (const name of secrets) {
    const { texts, faults } = read({ [`${name}_FILE`]: '/run/secret' }, { '/run/secret': 'text' })
    t.same([...texts], [[name, { text: 'text', source: `${name}_FILE` }]])
    t.same(faults, [])
  }
})

t.test('the secrets are the tokens, keys and connection strings', async t => {
  t.same(secrets, [
    'BOOTSTRAP_TOKEN', 'MONGO_URL', 'REDIS_URL', 'YOUTUBE_API_KEY', 'SOUNDCLOUD_CLIENT_SECRET', 'X_BEARER_TOKEN',
    'FACEBOOK_ACCESS_TOKEN', 'FACEBOOK_APP_SECRET', 'INSTAGRAM_ACCESS_TOKEN', 'INSTAGRAM_APP_SECRET'
  ])
})

t.test('line breaks at the end of a file are no part of the secret, and everything else is', async t => {
  const textOf = (content: string) => read({ X_BEARER_TOKEN_FILE: 'f' }, { f: content }).texts.get('X_BEARER_TOKEN')?.text
  t.equal(textOf('token\n'), 'token')
  t.equal(textOf('token\r\n'), 'token')
  t.equal(textOf('token\n\n'), 'token')
  t.equal(textOf(' to\nken \n'), ' to\nken ')
})

t.test('a secret that is given directly and as a file is refused without reading the file', async t => {
  const { texts, faults } = read({ X_BEARER_TOKEN: 'a', X_BEARER_TOKEN_FILE: '/run/x' }, { '/run/x': 'a' })
  t.same([...texts], [])
  t.same(faults, [{ variable: 'X_BEARER_TOKEN', line: 'X_BEARER_TOKEN and X_BEARER_TOKEN_FILE are both set: unset one of them' }])
})

t.test('a file that can not be read is reported without its path', async t => {
  const { texts, faults } = read({ MONGO_URL_FILE: '/run/hidden-place' })
  t.same([...texts], [])
  t.same(faults, [{
    variable: 'MONGO_URL',
    line: 'MONGO_URL_FILE names a file that can not be read: check that it exists and that the service may read it'
  }])
})

t.test('an empty file is an error and not an unset variable', async t => {
  for (const content of ['', '\n']) {
    t.same(read({ REDIS_URL_FILE: 'f' }, { f: content }).faults, [{
      variable: 'REDIS_URL',
      line: 'REDIS_URL_FILE names an empty file: put the secret into it, or unset the variable'
    }])
  }
})

t.test('a variable that is no secret has no file form', async t => {
  const { texts, faults } = read({ PORT_FILE: '/run/port', SOUNDCLOUD_CLIENT_ID: 'id' }, { '/run/port': '80' })
  t.same([...texts.keys()], ['SOUNDCLOUD_CLIENT_ID'])
  t.same(faults, [])
})
