import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Reads how much memory another Node process holds in RAM. */
export interface MemoryGauge {
  /** What the process must be started with. */
  nodeArgs: string[]
  env: Record<string, string>
  /** In MiB. */
  read: (pid: number) => Promise<number>
}

const MIB = 1024 * 1024

/**
 * On Linux the system tells; elsewhere the process itself does, through a file in `dir`. The process is started as it
 * is wherever that is possible, so that nothing of ours is part of what is measured.
 */
export function createMemoryGauge (dir: string, platform: string = process.platform): MemoryGauge {
  if (platform === 'linux') return { nodeArgs: [], env: {}, read: readFromSystem }
  const file = join(dir, 'resident-bytes')
  return {
    nodeArgs: ['--import', new URL('./report-memory.js', import.meta.url).href],
    env: { BENCH_MEMORY_FILE: file },
    read: async () => Number(await readFile(file, 'utf8')) / MIB
  }
}

async function readFromSystem (pid: number): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error(`The system does not tell the memory of process ${pid}`)
  return Number(kib) / 1024
}
