import { Command, Option } from 'commander'
import type { Clock, Scope, Timestamp } from '@insights/shared'
import {
  DEFAULT_OVERLAP_SECONDS, issueToken, MAX_OVERLAP_SECONDS, MAX_TOKEN_DAYS, rotateToken, unknownToken, type TokenStore
} from '@insights/storage'
import { parseInstant, parseName, parseScopes, parseWhole, toExpiry } from './arguments.js'
import { presentCreated, presentList, presentRevoked, presentRotated, type Outcome, type Presentation } from './outcome.js'

export interface ProgramDeps {
  clock: Clock
  writeHelp: (text: string) => void
  complain: (text: string) => void
  /** Called with what a command does once its arguments are understood. */
  perform: (command: (tokens: TokenStore) => Promise<Outcome>) => Promise<void>
}

interface CommonOptions { json?: true, expiresAt?: Timestamp, expiresInDays?: number }

const DESCRIPTION = `Makes, lists, replaces and takes away access tokens, in the store that the environment variables of the service name.
On the embedded database it works while the service is stopped; while it runs, use /api/tokens.
Exit codes: 0 done, 1 failed, 2 wrong usage.`

/** The commands and their options. Wrong usage and help are thrown as `CommanderError`. */
export function buildProgram (deps: ProgramDeps): Command {
  const program = new Command('token')
    .description(DESCRIPTION)
    .exitOverride()
    .configureOutput({ writeOut: deps.writeHelp, writeErr: deps.complain })
  addCreate(program, deps)
  addList(program, deps)
  addRevoke(program, deps)
  addRotate(program, deps)
  return program
}

function addCreate (program: Command, { clock, perform }: ProgramDeps): void {
  withExpiry(program.command('create'), clock, 'never')
    .description('makes a token and writes it to standard output, this once')
    .requiredOption('--name <name>', 'what to call it', parseName)
    .requiredOption('--scopes <list>', 'read, write, admin, metrics, separated by commas', parseScopes)
    .action(async (options: CommonOptions & { name: string, scopes: Scope[] }) => {
      const { name, scopes } = options
      await perform(async tokens => presentCreated(
        await issueToken(tokens, { name, scopes, expires_at: toExpiry(options, clock) ?? null }), presentation(options, clock)))
    })
}

function addList (program: Command, { clock, perform }: ProgramDeps): void {
  withJson(program.command('list'))
    .description('lists the tokens, oldest first; never the tokens themselves')
    .action(async (options: CommonOptions) => {
      await perform(async tokens => presentList(await tokens.list(), presentation(options, clock)))
    })
}

function addRevoke (program: Command, { clock, perform }: ProgramDeps): void {
  withJson(program.command('revoke'))
    .description('takes a token away for good')
    .argument('<id>', 'its id in the list, not the token itself')
    .action(async (id: string, options: CommonOptions) => {
      await perform(async tokens => {
        const record = await tokens.revoke(id)
        if (record === null) throw unknownToken()
        return presentRevoked(record, presentation(options, clock))
      })
    })
}

function addRotate (program: Command, { clock, perform }: ProgramDeps): void {
  withExpiry(program.command('rotate'), clock, 'as long a life as the old one was given')
    .description('makes a token of the same name and scopes, and lets the old one expire')
    .argument('<id>', 'the id of the old one in the list')
    .addOption(new Option('--overlap-seconds <seconds>', 'how long the old one is still accepted')
      .argParser(parseWhole(0, MAX_OVERLAP_SECONDS)).default(DEFAULT_OVERLAP_SECONDS))
    .action(async (id: string, options: CommonOptions & { overlapSeconds: number }) => {
      const rotation = { now: clock.now(), overlapMs: options.overlapSeconds * 1_000, expiresAt: toExpiry(options, clock) }
      await perform(async tokens => presentRotated(await rotateToken(tokens, id, rotation), presentation(options, clock)))
    })
}

function withJson (command: Command): Command {
  return command.option('--json', 'write JSON, as /api/tokens answers')
}

function withExpiry (command: Command, clock: Clock, otherwise: string): Command {
  return withJson(command)
    .addOption(new Option('--expires-in-days <days>', `when it expires; without it ${otherwise}`)
      .argParser(parseWhole(1, MAX_TOKEN_DAYS)).conflicts('expiresAt'))
    .addOption(new Option('--expires-at <time>', 'the same as a time, like 2027-01-01T00:00:00Z').argParser(parseInstant(clock)))
}

function presentation ({ json }: CommonOptions, clock: Clock): Presentation {
  return { isJson: json === true, now: clock.now() }
}
