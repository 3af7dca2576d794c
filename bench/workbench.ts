import { rmSync } from 'node:fs'
import { cp, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createApiClient, startService, type ApiClient, type ServiceProcess } from '@insights/testkit'
import type { Scale } from './bench.js'
import { createMemoryGauge, type MemoryGauge } from './memory.js'

/** The service as a process of its own, ready to answer. */
export interface Service {
  url: string
  /** From before the process was made until `/readyz` answered 200, in milliseconds. */
  readyAfterMs: number
  token: string
  api: ApiClient
  /** What the process holds in RAM now, in MiB. */
  readMemory: () => Promise<number>
  close: () => Promise<void>
}

/** What the benchmarks work with. Each one closes what it opens, so that nothing of it runs beside the next one. */
export interface Workbench {
  scale: Scale
  /** Starts the service where no data are, ends it, and tells after how many milliseconds it was ready. */
  timeFirstStart: () => Promise<number>
  /** A data directory of its own with an empty database: what a first start leaves behind. */
  newDataDirectory: () => Promise<string>
  /** `env` adds settings to those that every service here has. */
  startService: (dataDir: string, env?: Record<string, string>) => Promise<Service>
  /** Resolves when no service is between its start and being known here, where `dispose` finds it. Never rejects. */
  settled: () => Promise<unknown>
  /** Kills what still runs and removes everything. At once, so that it can be done while the process exits. */
  dispose: () => void
}

const TOKEN = 'a-token-that-only-the-benchmarks-use'
const MAIN = 'apps/standalone/dist/main.js'

export async function openWorkbench (scale: Scale): Promise<Workbench> {
  const root = await mkdtemp(join(tmpdir(), 'insights-bench-'))
  const started = new Set<ServiceProcess>()
  let starting: Promise<unknown> = Promise.resolve()
  const newDirectory = async (): Promise<string> => await mkdtemp(join(root, 'dir-'))
  const start = async (dataDir: string, env: Record<string, string> = {}): Promise<Service> => {
    const gauge = createMemoryGauge(await newDirectory())
    const startedAt = performance.now()
    const launch = startService({ node: [...gauge.nodeArgs, MAIN], env: { ...gauge.env, DATA_DIR: dataDir, BOOTSTRAP_TOKEN: TOKEN, ...env } })
    starting = launch.then(child => started.add(child), () => undefined)
    const child = await launch
    await waitUntilReady(child.url)
    return toService(child, performance.now() - startedAt, gauge)
  }
  let template: string | undefined
  const timeFirstStart = async (): Promise<number> => {
    const dir = await newDirectory()
    const { readyAfterMs, close } = await start(dir)
    await close()
    template = dir
    return readyAfterMs
  }
  return {
    scale,
    timeFirstStart,
    newDataDirectory: async () => {
      if (template === undefined) await timeFirstStart()
      const dir = await newDirectory()
      await cp(template as string, dir, { recursive: true })
      return dir
    },
    startService: start,
    settled: async () => await starting,
    dispose: () => {
      for (const { child } of started) child.kill('SIGKILL')
      rmSync(root, { recursive: true, force: true, maxRetries: 10 })
    }
  }
}

function toService (child: ServiceProcess, readyAfterMs: number, gauge: MemoryGauge): Service {
  return {
    url: child.url,
    readyAfterMs,
    token: TOKEN,
    api: createApiClient(child.url, TOKEN),
    readMemory: async () => await gauge.read(child.child.pid as number),
    close: async () => {
      const { code, stderr } = await child.end('SIGTERM')
      if (code !== 0) throw new Error(`The service ended with ${String(code)}: ${stderr}`)
    }
  }
}

async function waitUntilReady (url: string): Promise<void> {
  while ((await fetch(`${url}/readyz`)).status !== 200) await delay(1)
}
