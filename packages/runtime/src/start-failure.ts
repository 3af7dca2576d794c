import { isAppError } from '@insights/shared'

/** Ends a start that can not go on: one clear message for what an operator can mend, the whole error for what only we can. */
export function refuseToStart (error: unknown): never {
  const message = isAppError(error) ? error.message : String((error as Error).stack)
  process.stderr.write(`insights: ${message}\n`)
  process.exit(1)
}
