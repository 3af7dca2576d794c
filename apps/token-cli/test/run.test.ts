import { AppError, hashToken, isActiveToken, tokenIdOf } from '@insights/shared'
import { createPgliteTokenStore, migratePglite } from '@insights/storage/pglite'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { t } from 'tap'
import { EXIT, run, type CommandDeps } from '../src/run.js'

interface Result { code: number, out: string, err: string }

const db = await openMemoryDatabase()
await migratePglite(db)
t.teardown(async () => { await db.close() })
const tokens = createPgliteTokenStore(db)
const NOW = Date.parse('2026-11-23T12:00:00Z')

async function call (args: readonly string[], deps: Partial<CommandDeps> = {}): Promise<Result & { isClosed: boolean }> {
  let [out, err, isClosed] = ['', '', false]
  const code = await run(args, {
    open: async () => ({ tokens, close: async () => { isClosed = true } }),
    clock: { now: () => NOW },
    write: text => { out += text },
    complain: text => { err += text },
    ...deps
  })
  return { code, out, err, isClosed }
}

const CREATE = ['create', '--name', 'host', '--scopes', 'read,write']

async function create (...more: string[]): Promise<{ id: string, token: string, expires_at: string | null }> {
  return JSON.parse((await call([...CREATE, '--json', ...more])).out)
}

async function isAccepted (token: string, at = NOW): Promise<boolean> {
  const record = await tokens.findByHash(hashToken(token))
  return record !== null && isActiveToken(record, at)
}

t.test('create writes the token alone to standard output, once, and the rest beside it', async t => {
  const { code, out, err, isClosed } = await call(CREATE)
  t.equal(code, EXIT.done)
  t.match(out, /^ins_[\w-]{43}_[0-9a-f]{8}\n$/)
  t.match(err, /^Token [0-9a-f]{16} \(host\): scopes read, write; never expires\.\nKeep it/)
  t.notMatch(err, out.trim())
  t.match(await tokens.findByHash(hashToken(out.trim())), { name: 'host', scopes: ['read', 'write'], expires_at: null })
  t.ok(isClosed)
})

t.test('with --json it writes what the API answers, and nothing beside it', async t => {
  const { out, err } = await call([...CREATE, '--json', '--expires-in-days', '1'])
  const { token, ...record } = JSON.parse(out)
  t.equal(err, '')
  t.same(record, {
    id: tokenIdOf(hashToken(token)),
    name: 'host',
    scopes: ['read', 'write'],
    created_at: record.created_at,
    expires_at: '2026-11-24T12:00:00.000Z',
    last_used_at: null,
    revoked_at: null,
    is_active: true
  })
})

t.test('list shows every token and no secret', async t => {
  await db.exec('truncate insights.tokens')
  t.same(await call(['list']), { code: EXIT.done, out: '', err: 'There are no tokens yet.\n', isClosed: true })
  const [active, expired, revoked] = [await create(), await create('--expires-at', '2026-11-23T12:00:01Z'), await create()]
  await tokens.revoke(revoked.id)
  const { out } = await call(['list'], { clock: { now: () => NOW + 1_000 } })
  const lines = out.trimEnd().split('\n')
  t.match(lines[0], /^ID +STATE +SCOPES +CREATED +EXPIRES +LAST USED +NAME$/)
  t.same(lines.slice(1).map(line => line.split(/ +/).slice(0, 2)), [[active.id, 'active'], [expired.id, 'expired'], [revoked.id, 'revoked']])
  const { results } = JSON.parse((await call(['list', '--json'])).out)
  t.same(results.map((token: { id: string }) => token.id), [active.id, expired.id, revoked.id])
  for (const { token } of [active, expired, revoked]) t.notMatch(out + JSON.stringify(results), new RegExp(`${token}|${hashToken(token)}`))
})

t.test('a name can not play tricks on the terminal', async t => {
  const { err } = await call(['create', '--name', 'a\u001b[2Jb\nc', '--scopes', 'read'])
  t.match(err, /\(a\?\[2Jb\?c\)/)
  t.match((await call(['list'])).out, / a\?\[2Jb\?c\n/)
})

t.test('revoke takes a token away, as often as it is asked', async t => {
  const { id, token } = await create()
  t.match(await call(['revoke', id]), { code: EXIT.done, out: new RegExp(`^Token ${id} \\(host\\) is revoked\\.`), err: '' })
  t.notOk(await isAccepted(token))
  t.match(JSON.parse((await call(['revoke', id, '--json'])).out), { id, is_active: false })
})

t.test('row 46: rotate makes a token of the same kind, and both work in the overlap', async t => {
  const old = await create()
  const { out, err } = await call(['rotate', old.id, '--overlap-seconds', '60'])
  const token = out.trim()
  t.match(err, `The old one, ${old.id}, is accepted until 2026-11-23T12:01:00.000Z.`)
  t.match(await tokens.findByHash(hashToken(token)), { name: 'host', scopes: ['read', 'write'], expires_at: null })
  t.same([await isAccepted(old.token, NOW + 59_999), await isAccepted(token, NOW + 59_999)], [true, true])
  t.same([await isAccepted(old.token, NOW + 60_000), await isAccepted(token, NOW + 60_000)], [false, true])
})

t.test('rotate gives a day when nothing else is said', async t => {
  const { id } = await create()
  t.match(JSON.parse((await call(['rotate', id, '--json'])).out), { name: 'host', replaces: { id, expires_at: '2026-11-24T12:00:00.000Z' } })
})

t.test('a token that was taken away is not rotated', async t => {
  const { id } = await create()
  await tokens.revoke(id)
  t.match(await call(['rotate', id]), { code: EXIT.failed, out: '', err: /^insights: This token has expired or is revoked/ })
})

t.test('an id that no token has is a failure that does not repeat it', async t => {
  const { token } = await create()
  for (const command of ['revoke', 'rotate']) {
    for (const id of ['0123456789abcdef', token, '']) {
      const { code, out, err, isClosed } = await call([command, id])
      t.same([code, out, err, isClosed], [EXIT.failed, '', 'insights: There is no token with this id; the list of tokens has the ids.\n', true])
    }
  }
  t.ok(await isAccepted(token))
})

t.test('wrong usage is told from failure, before anything is opened', async t => {
  const open = async (): Promise<never> => { throw new Error('opened') }
  const wrong = [
    [], ['make'], ['create'], ['create', '--name', 'a'], ['create', '--name', ' ', '--scopes', 'read'], ['create', '--name', 'bootstrap', '--scopes', 'read'],
    ['create', '--name', 'a', '--scopes', ''], ['create', '--name', 'a', '--scopes', 'read,root'], [...CREATE, '--expires-in-days', '0'],
    [...CREATE, '--expires-in-days', '1.5'], [...CREATE, '--expires-at', 'tomorrow'], [...CREATE, '--expires-at', '2020-01-01T00:00:00Z'],
    [...CREATE, '--expires-at', '2027-13-01T00:00:00Z'], [...CREATE, '--expires-at', '2027-02-29T00:00:00Z'],
    [...CREATE, '--expires-at', '9999-12-31T23:59:59-12:00'], [...CREATE, '--expires-in-days', '1', '--expires-at', '2027-01-01T00:00:00Z'],
    ['revoke'], ['rotate'], ['rotate', 'x', '--overlap-seconds', '2592001'], ['rotate', 'x', '--overlap-seconds', '-1'], ['list', '--everything'], ['list', 'x']
  ]
  for (const args of wrong) t.match(await call(args, { open }), { code: EXIT.wrongUsage, out: '', err: /./ }, args.join(' '))
})

t.test('help is no error and opens nothing', async t => {
  const open = async (): Promise<never> => { throw new Error('opened') }
  for (const args of [['--help'], ['help'], ['create', '--help']]) t.match(await call(args, { open }), { code: EXIT.done, out: /Usage: token/, err: '' })
})

t.test('a token in the wrong place is not repeated', async t => {
  const { token } = await create()
  for (const args of [[token], ['list', `--${token}`], [...CREATE, '--scopes', token], ['revoke', 'a', token]]) {
    const { code, out, err } = await call(args)
    t.equal(code, EXIT.wrongUsage)
    t.notMatch(out + err, token.slice(4))
  }
})

t.test('a data directory in use is a hint at the API', async t => {
  const open = async (): Promise<never> => { throw new AppError('INS_DATA_LOCKED', 'The data directory is in use by process 1.') }
  t.match(await call(['list'], { open }), { code: EXIT.failed, out: '', err: /^insights: .* in use by process 1\.\n.*\/api\/tokens/ })
})

t.test('an error that nobody foresaw is shown whole, and the store is closed', async t => {
  let isClosed = false
  const broken = { ...tokens, list: async () => { throw new TypeError('unforeseen') } }
  const result = await call(['list'], { open: async () => ({ tokens: broken, close: async () => { isClosed = true } }) })
  t.match(result, { code: EXIT.failed, out: '', err: /^insights: TypeError: unforeseen\n +at / })
  t.ok(isClosed)
})
