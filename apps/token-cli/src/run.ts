import { CommanderError } from 'commander'
import type { OpenedTokens } from '@insights/runtime'
import { isAppError, type Clock } from '@insights/shared'
import type { TokenStore } from '@insights/storage'
import type { Outcome } from './outcome.js'
import { buildProgram } from './program.js'

export const EXIT = { done: 0, failed: 1, wrongUsage: 2 } as const

export interface CommandDeps {
  /** Opens the configured store; called only for a command that is right in itself. */
  open: () => Promise<OpenedTokens>
  clock: Clock
  /** Standard output: what was asked for. */
  write: (text: string) => void
  /** Standard error: everything that is said beside it. */
  complain: (text: string) => void
}

/** A token in an argument, where the id of one belongs. */
const PASTED_TOKENS = /ins_[\w-]{8,}/g

/** Runs one command and gives the exit code; never rejects. A token is written only to standard output, and once. */
export async function run (args: readonly string[], deps: CommandDeps): Promise<number> {
  const { write, complain } = deps
  const program = buildProgram({
    clock: deps.clock,
    writeHelp: write,
    complain: text => { complain(text.replace(PASTED_TOKENS, 'ins_…')) },
    perform: async command => {
      const outcome = await withTokens(deps, command)
      write(outcome.output)
      complain(outcome.remark)
    }
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return EXIT.done
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUsage
    complain(`insights: ${explain(error)}\n`)
    return EXIT.failed
  }
}

async function withTokens (
  { open }: CommandDeps, command: (tokens: TokenStore) => Promise<Outcome>
): Promise<Outcome> {
  const { tokens, close } = await open()
  try {
    return await command(tokens)
  } finally {
    await close()
  }
}

/** One clear message for what a person can mend; the whole error for what only we can. */
function explain (error: unknown): string {
  if (isAppError(error, 'INS_DATA_LOCKED')) {
    return `${error.message}\nWhile the service runs on the embedded database, its API does the same: GET, POST and DELETE /api/tokens, POST /api/tokens/{id}/rotate.`
  }
  return isAppError(error) ? error.message : String((error as Error).stack)
}
