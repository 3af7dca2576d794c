import type { ChildProcess } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Stopping takes as long as the process waits for its turn on a busy machine. */
const LIMIT_MS = 10_000

/**
 * Stops a process as SIGSTOP does, and resolves when none of its threads runs any more: until then it may still answer.
 * Where there is no /proc to look in, it resolves when the signal is sent. SIGCONT lets the process go on.
 */
export async function freeze (child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP')
  const deadline = Date.now() + LIMIT_MS
  while (await runs(`/proc/${String(child.pid)}/task`)) {
    if (Date.now() > deadline) throw new Error(`The process did not stop within ${LIMIT_MS} ms`)
    await delay(1)
  }
}

async function runs (tasks: string): Promise<boolean> {
  const threads = await readdir(tasks).catch(() => [])
  const states = await Promise.all(threads.map(async thread => await readFile(`${tasks}/${thread}/stat`, 'utf8').catch(() => '')))
  // After the name, which stands in brackets and may hold anything, comes the state; a thread that has ended has none.
  return states.some(stat => /\) [^T]/.test(stat.slice(stat.lastIndexOf(')'))))
}
