import type { Config } from '@insights/config'
import { liveOptions } from '@insights/runtime'
import { isAppError } from '@insights/shared'
import { readArguments, UsageError, type CheckOptions } from './arguments.js'
import { openCaller, type Caller } from './caller.js'
import { checkPlatform, type PlatformCheck } from './checks.js'
import { toJson, toLine } from './present.js'

/** `failed`: a configured platform does not work, or the configuration is not valid. */
export const EXIT = { good: 0, failed: 1, wrongUsage: 2 } as const

export interface CheckDeps {
  /** Called only for arguments that are right. */
  loadConfig: () => Config
  /** Standard output: the lines, or the JSON. */
  write: (text: string) => void
  /** Standard error: warnings and what went wrong. */
  complain: (text: string) => void
  /** Ends the process at once: another one has taken the data directory over. */
  onLost: () => void
}

const HELP = `Makes the cheapest real call to each configured platform and says in one line each what works.

  --only <list>             ask only these: youtube, soundcloud, x, facebook, instagram, separated by commas
  --facebook-page <number>  the page to ask Facebook for; Meta's own for developers unless given
  --json                    write one JSON document instead of lines

A call to X may cost 0.01 dollars. The calls are counted in the limits of the service, as far as Redis answers or the
service does not run on the embedded database meanwhile; where they are not a line says so. Exit codes: 0 all that are configured work, 1 one does not, 2 wrong usage.
`

/** Runs the check and gives the exit code; never rejects for trouble with a platform. Writes no secret. */
export async function run (args: readonly string[], deps: CheckDeps): Promise<number> {
  try {
    const options = readArguments(args)
    if (options.isHelp) {
      deps.write(HELP)
      return EXIT.good
    }
    return await check(options, deps)
  } catch (error) {
    if (!(error instanceof UsageError) && !isAppError(error)) throw error
    deps.complain(`insights: ${error.message}\n`)
    return error instanceof UsageError ? EXIT.wrongUsage : EXIT.failed
  }
}

async function check (options: CheckOptions, { loadConfig, write, complain, onLost }: CheckDeps): Promise<number> {
  const config = loadConfig()
  const warn = (text: string): void => { complain(`insights: ${text}\n`) }
  const given = liveOptions(config)
  const asksAny = options.platforms.some(platform => given[platform] !== undefined)
  const caller = asksAny ? await openCaller(config, { warn, onLost }) : NO_CALLER
  const checks: PlatformCheck[] = []
  try {
    // One after the other, so that a warning stands before the line that it belongs to.
    for (const platform of options.platforms) {
      const result = await checkPlatform(platform, { ...caller, facebookPage: options.facebookPage, warn })
      checks.push(result)
      if (!options.isJson) write(toLine(result))
    }
  } finally {
    await caller.close()
  }
  const isGood = checks.every(({ state }) => state !== 'fails')
  if (options.isJson) write(toJson(checks, { isGood, isCounted: caller.isCounted }))
  return isGood ? EXIT.good : EXIT.failed
}

/** Where nothing is asked nothing has to be opened, and nothing goes uncounted. */
const NO_CALLER: Caller = { clients: {}, isCounted: true, chargedFor: () => null, close: async () => {} }
