import { setTimeout as delay } from 'node:timers/promises'

/** Asks until the answer is there; the deadline is far beyond what a working queue needs. */
export async function until (isThere: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await isThere())) {
    if (Date.now() > deadline) throw new Error(`The awaited state did not come: ${isThere.toString()}`)
    await delay(5)
  }
}

/** A promise that is settled from outside. */
export interface Gate {
  opened: Promise<void>
  open: () => void
}

export function createGate (): Gate {
  let open = (): void => {}
  const opened = new Promise<void>(resolve => { open = resolve })
  return { opened, open }
}
