import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { t } from 'tap'
import { openDataDirectory } from '../src/data-directory.js'

const never = (): void => { throw new Error('The lock was not lost') }

/** Starts a process that does nothing and is surely alive. */
async function startSleeper (t: import('tap').Test): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => { child.kill('SIGKILL') })
  await new Promise(resolve => child.stdout?.once('data', resolve))
  return child as ChildProcess & { pid: number }
}

const isLinux = process.platform === 'linux'
const boot = isLinux ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : null
const namespace = isLinux ? readlinkSync('/proc/self/ns/pid') : null
/** Beyond what the system gives out. */
const DEAD_PID = 2 ** 22 + 1

async function writeLock (dir: string, holder: object): Promise<string> {
  const path = join(dir, 'insights.lock')
  await writeFile(path, JSON.stringify({ pid: 1, host: hostname(), started: null, boot, namespace, token: 'other', ...holder }))
  return path
}

const canLimitFiles = isLinux && spawnSync('prlimit', ['--version']).status === 0

/** How large files of this process may be, in bytes: beyond it writing fails as on a full disk, opening does not. */
function limitFiles (bytes: string): void {
  execFileSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}:`])
}

async function age (path: string): Promise<void> {
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(path, longAgo, longAgo)
}

t.test('a new directory is made, marked and locked, and given back', async t => {
  const dir = join(t.testdir(), 'a', 'b')
  const opened = await openDataDirectory(dir, never)
  t.same((await readdir(dir)).sort(), ['insights.json', 'insights.lock'])
  t.equal(opened.databasePath, join(dir, 'postgres'))
  await opened.release()
  t.same(await readdir(dir), ['insights.json'])
  await (await openDataDirectory(dir, never)).release()
})

t.test('a second opener is refused at once and told who has it', async t => {
  const dir = t.testdir()
  const first = await openDataDirectory(dir, never)
  const started = performance.now()
  await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_LOCKED', message: new RegExp(`process ${process.pid} .*DATA_DIR`) })
  t.comment(`refused after ${Math.round(performance.now() - started)} ms`)
  t.same(JSON.parse(await readFile(join(dir, 'insights.lock'), 'utf8')).pid, process.pid, 'the first one keeps its lock')
  await first.release()
})

t.test('of many openers at once exactly one gets it, also over a dead lock', async t => {
  const dir = t.testdir({ 'insights.json': '{"service":"insights","format":1}' })
  await writeLock(dir, { pid: DEAD_PID })
  const tries = await Promise.allSettled(Array.from({ length: 20 }, async () => await openDataDirectory(dir, never)))
  const opened = tries.filter(one => one.status === 'fulfilled')
  t.equal(opened.length, 1)
  t.ok(tries.every(one => one.status === 'fulfilled' || one.reason.code === 'INS_DATA_LOCKED'))
  for (const one of opened) await one.value.release()
  t.same(await readdir(dir), ['insights.json'], 'nothing is left aside')
})

t.test('the lock of a dead process is taken over', async t => {
  const child = await startSleeper(t)
  const dir = t.testdir()
  await writeLock(dir, { pid: child.pid })
  await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_LOCKED' }, 'while it lives it is refused')
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  await (await openDataDirectory(dir, never)).release()
})

t.test('a process that only has the same number is no holder', { skip: !isLinux && 'start times are read from /proc' }, async t => {
  const child = await startSleeper(t)
  const dir = t.testdir()
  await writeLock(dir, { pid: child.pid, started: '1' })
  await (await openDataDirectory(dir, never)).release()
})

t.test('a holder on another host counts as alive while it gives signs of life', async t => {
  const dir = t.testdir()
  const path = await writeLock(dir, { host: 'elsewhere' })
  await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_LOCKED', message: /host elsewhere/ })
  await age(path)
  await (await openDataDirectory(dir, never)).release()
})

for (const [whose, holder] of Object.entries({
  'a holder in another container of the same name': { pid: DEAD_PID, namespace: 'pid:[1]' },
  'a holder that does not say in which container it is': { pid: DEAD_PID, namespace: undefined }
})) {
  t.test(`${whose} counts as alive while it gives signs of life`, { skip: !isLinux && 'only Linux has containers' }, async t => {
    const dir = t.testdir()
    const path = await writeLock(dir, holder)
    await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_LOCKED' })
    await age(path)
    await (await openDataDirectory(dir, never)).release()
  })
}

t.test('an unreadable lock is somebody’s until it is old', async t => {
  for (const text of ['', '{"pid":1']) {
    const dir = t.testdir({ 'insights.lock': text })
    await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_LOCKED', message: /another process/ })
    await age(join(dir, 'insights.lock'))
    await (await openDataDirectory(dir, never)).release()
    t.same(await readdir(dir), ['insights.json'])
  }
})

t.test('of many openers at once exactly one gets it over an old unreadable lock', async t => {
  const dir = t.testdir({ 'insights.lock': '' })
  await age(join(dir, 'insights.lock'))
  const tries = await Promise.allSettled(Array.from({ length: 20 }, async () => await openDataDirectory(dir, never)))
  t.equal(tries.filter(one => one.status === 'fulfilled').length, 1)
  for (const one of tries) if (one.status === 'fulfilled') await one.value.release()
  t.same(await readdir(dir), ['insights.json'], 'nothing is left aside')
})

t.test('a lock that can not be written is not left behind', { skip: !canLimitFiles && 'the size of files can not be limited' }, async t => {
  const dir = t.testdir({ 'insights.json': '{"service":"insights","format":1}' })
  const survive = (): void => {}
  process.on('SIGXFSZ', survive)
  limitFiles('0')
  await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_UNWRITABLE', message: /EFBIG/ }).finally(() => { limitFiles('unlimited') })
  process.off('SIGXFSZ', survive)
  t.same(await readdir(dir), ['insights.json'])
  await (await openDataDirectory(dir, never)).release()
})

t.test('who loses the lock is told, and leaves it to the new holder', async t => {
  const dir = t.testdir()
  let tell = (): void => {}
  const lost = new Promise<void>(resolve => { tell = resolve })
  const opened = await openDataDirectory(dir, tell)
  const staysAlive = setInterval(() => {}, 1_000) // the sign of life alone keeps no process running
  await writeLock(dir, { token: 'the new one' })
  await lost
  clearInterval(staysAlive)
  await opened.release()
  t.match(await readFile(join(dir, 'insights.lock'), 'utf8'), /the new one/)
})

t.test('a directory with other things in it is refused untouched', async t => {
  const dir = t.testdir({ 'thesis.doc': 'years of work' })
  await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_FOREIGN', message: /empty or new/ })
  t.same(await readdir(dir), ['thesis.doc'])
})

t.test('a fresh volume is not foreign', async t => {
  const dir = t.testdir({ 'lost+found': {} })
  await (await openDataDirectory(dir, never)).release()
})

t.test('data of a newer version are refused untouched', async t => {
  const dir = t.testdir({ 'insights.json': '{"service":"insights","format":2}' })
  await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_FOREIGN', message: /format 2/ })
  await writeFile(join(dir, 'insights.json'), 'no JSON')
  await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_FOREIGN', message: /unknown/ })
  t.same(await readdir(dir), ['insights.json'])
})

t.test('a path that can not be a directory is named with the reason', async t => {
  const dir = t.testdir({ file: 'text' })
  await t.rejects(openDataDirectory(join(dir, 'file'), never), { code: 'INS_DATA_UNWRITABLE' })
  await t.rejects(openDataDirectory(join(dir, 'file', 'below'), never), { code: 'INS_DATA_UNWRITABLE', message: /ENOTDIR.*DATA_DIR/ })
  await symlink(join(dir, 'loop'), join(dir, 'loop'))
  await t.rejects(openDataDirectory(join(dir, 'loop'), never), { code: 'INS_DATA_UNWRITABLE' })
})

t.test('a directory without the right to write is refused', async t => {
  const isRoot = process.getuid?.() === 0
  const dir = isRoot ? '/proc/insights' : join(t.testdir(), 'mine') // root may write everywhere but there
  if (!isRoot) await mkdir(dir, { mode: 0o500 })
  await t.rejects(openDataDirectory(dir, never), { code: 'INS_DATA_UNWRITABLE', message: /can not be written \(E/ })
})

t.test('what a crash left of an unfinished database is removed', async t => {
  const dir = t.testdir({ 'insights.json': '{"service":"insights","format":1}', 'postgres.new-123': { PG_VERSION: '17' }, postgres: {} })
  await (await openDataDirectory(dir, never)).release()
  t.same((await readdir(dir)).sort(), ['insights.json', 'postgres'])
})

t.test('the lock shows signs of life', async t => {
  const dir = t.testdir()
  const opened = await openDataDirectory(dir, never)
  t.teardown(opened.release)
  const path = join(dir, 'insights.lock')
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(path, longAgo, longAgo)
  const deadline = Date.now() + 20_000
  while ((await stat(path)).mtimeMs <= longAgo.getTime() && Date.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  t.ok((await stat(path)).mtimeMs > longAgo.getTime())
})
