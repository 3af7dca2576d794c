import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { t } from 'tap'
import { findRedis } from '@insights/testkit'
import { findMongo } from '@insights/testkit/mongo-server'
import { buildArtist, isComplete, postArtists } from '../support/artists.js'
import { openProductionStack } from '../support/production-stack.js'

const library = findLibrary()
const withoutLibrary = library === null && process.env['CI'] !== 'true' && 'no libfaketime (apt-get install libfaketime)'
const skip = findMongo().skipOwn || findRedis().skipOwn || withoutLibrary

t.test('fault 35: a worker whose clock is an hour off, or steps back, neither asks too often nor leaves anything undone', { skip }, async t => {
  const stack = await openProductionStack(t)
  const { sandbox } = stack
  const { api, end: endApi } = await stack.startApi(t)
  const clock = join(t.testdir(), 'clock')
  const setClock = async (offset: string): Promise<void> => { await writeFile(clock, `${offset}\n`) }
  const skewed = {
    LD_PRELOAD: library ?? 'libfaketime is missing', FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1', LOG_LEVEL: 'debug'
  }
  let next = 1
  const post = async (count: number): Promise<number[]> => await postArtists(api, (next += count) - count, count)

  /** Each insight got its counts, each account and work was asked for once, and all are due again at their time. */
  const assertCalm = async (ids: readonly number[], title: string): Promise<void> => {
    for (const id of ids) {
      const { body } = await api.refreshed(id)
      if (!isComplete(body)) t.fail(`${title}: insight ${id} is not complete`, body)
      const { body: { state, done_at: doneAt, next_due_at: dueAt, sources } } = await api.get(`/api/user_insights/${id}/refresh`)
      const hours = (Date.parse(dueAt) - Date.now()) / 3_600_000
      if (state !== 'done' || hours < 5 || hours > 7) t.fail(`${title}: insight ${id} is ${state as string}, due in ${hours} h`)
      for (const at of [doneAt, sources.x.fetched_at]) {
        if (Math.abs(Date.parse(at) - Date.now()) > 600_000) t.fail(`${title}: ${at as string} is not the time of the store`)
      }
    }
    t.equal(sandbox.calls.list('x').flatMap(call => call.ids).length, next - 1, `${title}: no account was asked for twice`)
  }

  for (const offset of ['+1h', '-1h']) {
    await setClock(offset)
    const off = await stack.startWorker(t, skewed)
    await assertCalm(await post(40), `${offset}, alone`)
    const right = await stack.startWorker(t)
    await assertCalm(await post(40), `${offset}, beside one that is right`)
    await right.end('SIGTERM')
    const { code, stdout } = await off.end('SIGTERM')
    t.equal(code, 0)
    const seen = Number(/"time":(\d+)/.exec(stdout)?.[1] ?? NaN) || Date.parse(/"time":"([^"]+)"/.exec(stdout)?.[1] ?? '')
    t.ok(Math.abs(Math.abs(seen - Date.now()) - 3_600_000) < 600_000, 'its clock was off indeed')
  }

  await setClock('+1h')
  const stepping = await stack.startWorker(t, skewed)
  await assertCalm(await post(20), 'before the step')
  sandbox.faults.add({ platform: 'youtube', kind: 'delay', ms: 1_000, times: 3 })
  const during = post(20)
  await setClock('-1h')
  await assertCalm(await during, 'two hours back in the middle of it')
  await assertCalm(await post(20), 'after the step')

  // The order of two changes is that of their numbers, whatever the clock says.
  const [id = 0] = await post(1)
  await api.refreshed(id)
  await api.post(`/api/user_insights/${id}/refresh`, {})
  const { body } = await api.refreshed(id)
  t.ok(isComplete(body))
  const lost = await api.post('/api/user_insights/', buildArtist(next++))
  t.ok(isComplete((await api.refreshed(lost.body.id)).body))

  for (let look = 0; look < 3; look++) await assertCalm(await post(1), 'and on')
  t.equal(sandbox.calls.list('youtube').flatMap(call => call.ids).length, next - 1, 'no storm on a platform that may be asked again either')
  t.equal((await stepping.end('SIGTERM')).code, 0)
  t.equal((await endApi('SIGTERM')).code, 0)
})

function findLibrary (): string | null {
  try {
    const places = readdirSync('/usr/lib').map(name => `/usr/lib/${name}/faketime`)
    const found = places.find(place => listOf(place).includes('libfaketime.so.1'))
    return found === undefined ? null : `${found}/libfaketime.so.1`
  } catch {
    return null // Not a system that has it there.
  }
}

function listOf (directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // Not there.
  }
}
