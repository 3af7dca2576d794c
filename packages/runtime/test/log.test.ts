import { t } from 'tap'
import { AppError, createToken } from '@insights/shared'
import { openLog } from '../src/log.js'

/** What is written at the given level by `work`, each line parsed, and as one text. */
function written (work: (log: ReturnType<typeof openLog>) => void, level = 'trace'): { lines: Array<Record<string, any>>, text: string } {
  let text = ''
  work(openLog(level, { write: line => { text += line } }))
  return { lines: text.split('\n').filter(line => line !== '').map(line => JSON.parse(line)), text }
}

t.test('a line is JSON with its level by name and its time in UTC', async t => {
  const { lines } = written(log => { log.info({ insight_id: 7 }, 'refreshed') })
  t.match(lines, [{ level: 'info', time: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, insight_id: 7, msg: 'refreshed' }])
})

t.test('what is below the level is not written', async t => {
  t.same(written(log => { log.info({}, 'answered') }, 'warn').lines, [])
})

t.test('fields of telling names are blacked out', async t => {
  const { text } = written(log => {
    log.info({ authorization: 'hunter2', headers: { cookie: 'hunter2' }, req: { headers: { authorization: 'hunter2' } }, x: { bearerToken: 'hunter2' } }, 'm')
    log.child({ password: 'hunter2' }).info({ config: { accessToken: 'hunter2', apiKey: 'hunter2', clientSecret: 'hunter2', appSecret: 'hunter2' } }, 'm')
  })
  t.notMatch(text, 'hunter2')
})

t.test('of an error its type, code, message, stack and causes are written, and nothing that hangs on it', async t => {
  const driver = Object.assign(new TypeError('WRONGPASS'), {
    code: 'E_AUTH', command: { name: 'auth', args: ['hunter2'] }, config: { headers: { authorization: 'hunter2' } }, response: { body: 'hunter2' }
  })
  const error = new AppError('INS_QUEUE_UNAVAILABLE', 'The queue is away', { cause: new AggregateError([driver], 'Two failed', { cause: driver }) })
  const { lines: [line], text } = written(log => { log.error({ err: error }, 'm') })
  t.notMatch(text, 'hunter2')
  const inner = { type: 'TypeError', code: 'E_AUTH', message: 'WRONGPASS', stack: /log\.test\.ts/ }
  t.match(line?.err, { type: 'AppError', code: 'INS_QUEUE_UNAVAILABLE', message: 'The queue is away', stack: String, cause: { type: 'AggregateError', cause: inner, errors: [inner] } })
  t.same(Object.keys(line?.err.cause.cause).sort(), ['code', 'message', 'stack', 'type'])
})

t.test('what is thrown and is no error is not written, and a circle of causes ends', async t => {
  const circle = new Error('round')
  circle.cause = circle
  const { text, lines } = written(log => {
    log.error({ err: 'hunter2' }, 'm')
    log.error({ err: { password: 'hunter2' } }, 'm')
    log.error({ err: circle }, 'm')
  })
  t.equal(lines.length, 3)
  t.notMatch(text, 'hunter2')
})

t.test('tokens and the passwords of addresses are blacked out wherever they stand', async t => {
  const token = createToken()
  const { lines, text } = written(log => {
    log.info({ detail: `the token ${token} was pasted` }, `and here: ${token}`)
    for (const scheme of ['mongodb', 'mongodb+srv', 'redis', 'rediss', 'https']) {
      log.error({ err: new Error(`Invalid connection string "${scheme}://insights:hunter2@db.example:27017/insights"`) }, 'm')
    }
    log.error({ err: new Error('bad redis://:hunter2/with@odd?characters@db/0 in it') }, 'm')
  })
  t.equal(lines.length, 7, 'each line still is JSON')
  t.notMatch(text, token.slice(4, 20))
  t.notMatch(text, /hunter2|insights:|odd/)
  t.match(text, 'mongodb://[redacted]@db.example:27017/insights')
})

t.test('what only looks a little like it stays', async t => {
  const text = 'file:///srv/node_modules/@insights/queue/dist/open.js mailto:a@b insights https://example.org/a'
  t.match(written(log => { log.info({ text }, 'm') }).lines, [{ text }])
})
