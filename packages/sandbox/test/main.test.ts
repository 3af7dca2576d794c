import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { open } from './requests.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

interface Started {
  child: ChildProcessWithoutNullStreams
  /** What it has printed so far. */
  printed: () => string
  exited: Promise<number | null>
}

function start (t: Test, env: Record<string, string>): Started {
  const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ...env } })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { printed += String(data) })
  t.teardown(() => { child.kill('SIGKILL') })
  return { child, printed: () => printed, exited: once(child, 'exit').then(([code]) => code) }
}

async function ready ({ child, printed }: Started): Promise<void> {
  while (!printed().includes('Ctrl-C')) await once(child.stdout, 'data')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`it prints a configuration that works and ends with 0 at ${signal}`, async t => {
    const started = start(t, { PORT: '0' })
    await ready(started)
    const variables = Object.fromEntries([...started.printed().matchAll(/^([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]))
    t.equal(Object.keys(variables).length, 15)
    const response = await fetch(`${variables.X_BASE_URL}/2/users/by?usernames=gigpro`, {
      headers: { authorization: `Bearer ${variables.X_BEARER_TOKEN}` }
    })
    t.equal(response.status, 200)
    await response.text()
    started.child.kill(signal)
    t.equal(await started.exited, 0)
  })
}

t.test('a bad port and a port in use are one line and exit code 1', async t => {
  const { url } = await open(t)
  for (const port of ['eighty', '65536', '-1', new URL(url).port]) {
    const started = start(t, { PORT: port })
    t.equal(await started.exited, 1, port)
    t.match(started.printed().trim(), /^[^\n]*(PORT|port)[^\n]*$/)
  }
})
