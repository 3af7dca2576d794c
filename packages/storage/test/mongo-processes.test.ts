import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { t, type Test } from 'tap'
import type { InsightDocument } from '../src/port.js'
import { collectionOf, fieldsWith, findMongo, openLab, openRaw, until, useMongo } from './mongo-lab.js'

const ID_BLOCK_SIZE = 20
const { skip } = findMongo()

interface Child {
  process: ChildProcess
  /** What was printed so far; a line that a kill cut short is left out. */
  lines: () => string[]
  ids: () => number[]
  ended: Promise<unknown>
}

function startChild (t: Test, fixture: string, ...args: string[]): Child {
  const path = fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  let output = ''
  child.stdout.on('data', (data: Buffer) => { output += String(data) })
  const lines = (): string[] => output.split('\n').slice(0, -1)
  return {
    process: child,
    lines,
    ids: () => lines().map(Number).filter(Number.isInteger),
    ended: once(child, 'close')
  }
}

if (skip === false) {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })

  t.test('fault 41: three processes with 64 writers each, one of them killed, never share an id', async t => {
    const lab = await openLab(t, server)
    const start = (count: number): Child => startChild(t, 'mongo-create.js', lab.url, '64', String(count))
    const [first, second, killed] = [start(400), start(400), start(1e9)]
    await until(async () => killed.ids().length >= 100)
    killed.process.kill('SIGKILL')
    const children = [first, second, killed]
    await Promise.all(children.map(async child => await child.ended))
    const acknowledged = children.flatMap(child => child.ids())
    const refused = children.flatMap(child => child.lines()).filter(line => line === 'refused').length
    t.equal(first.lines().length + second.lines().length, 800, 'the others went on')
    t.equal(new Set(acknowledged).size, acknowledged.length, 'no id twice')
    const raw = await openRaw(t, lab.url)
    const stored = (await collectionOf(raw).find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => Number(_id))
    const isStored = new Set(stored)
    t.same(acknowledged.filter(id => !isStored.has(id)), [], 'every acknowledged insight is there')
    const counter = await collectionOf(raw, 'counters').findOne({ _id: 'insights' })
    const gap = Number(counter?.['seq']) - stored.length
    t.ok(gap >= 0 && gap <= 3 * ID_BLOCK_SIZE + refused, `${gap} ids were left unused`)
  })

  t.test('fault 40: planners in three processes claim each due insight once', async t => {
    const lab = await openLab(t, server)
    const created: InsightDocument[] = []
    for (let count = 0; count < 10; count++) {
      created.push(...await Promise.all(Array.from({ length: 30 }, async () => await lab.insights.create(fieldsWith()))))
    }
    const planners = Array.from({ length: 3 }, () => startChild(t, 'mongo-claim.js', lab.url, '2'))
    await until(async () => planners.every(planner => planner.lines()[0] === 'ready'))
    for (const planner of planners) planner.process.stdin?.write('go\n')
    await Promise.all(planners.map(async planner => await planner.ended))
    const rest = await lab.insights.claimDue({ limit: 600, leaseMs: 600_000 })
    const claimed = [...planners.flatMap(planner => planner.ids()), ...rest]
    t.equal(new Set(claimed).size, claimed.length, 'no id twice')
    t.same(claimed.sort((a, b) => a - b), created.map(({ id }) => id).sort((a, b) => a - b), 'each once')
    t.ok(planners.filter(planner => planner.ids().length > 0).length > 1, 'more than one had a share')
  })
} else {
  t.plan(0, skip)
}
