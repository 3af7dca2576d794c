/** The traps of one platform, row by row: real clients against the sandbox over HTTP, and what each case costs. */
import { openSandbox, type Fault, type Sandbox } from '@insights/sandbox'
import type { Platform } from '@insights/shared'
import type { Test } from 'tap'
import { openBareClients, type CountOutcome, type PlatformClient, type PlatformOptions, type PlatformSettings } from '../src/index.js'

/** What a stand-in has to be able to do, and a client to stand. */
export const ROWS = [
  'Happy path', 'Missing id', 'Hidden count', 'Other states', 'Duplicate ids', 'Too many ids', 'No ids', 'Malformed id',
  'Legacy form', 'Bad token', 'Token lifecycle', 'Permission lost', 'Quota exhausted', 'Burst limit', 'Usage headers',
  'Cost accounting', 'Server error', 'Partial answer', 'Slow', 'Connection reset, malformed JSON'
] as const
export type Row = typeof ROWS[number]

type Plain<T> = T extends unknown ? Omit<T, 'platform'> : never

export interface Stage {
  sandbox: Sandbox
  client: PlatformClient
  /** What the client makes of these ids, each in a word or, if it is a count, a number. */
  ask: (...ids: string[]) => Promise<Array<string | number>>
  /** What each call cost since the last time that this was asked, with what was answered. */
  costs: () => Array<[path: string, status: number | null, cost: number]>
  /** Adds a fault on this platform. */
  fault: (fault: Plain<Fault>) => void
  /** A client with other settings or credentials. */
  reopen: (settings: PlatformSettings, options?: object) => PlatformClient
}

type Body = (t: Test, stage: Stage) => Promise<void>

export interface Traps {
  row: (row: Row, claim: string, body: Body) => void
  /** What platforms really do and clients really get wrong. */
  trap: (claim: string, body: Body) => void
  /** Checks that no row was forgotten but those of which the platform has nothing. */
  end: (without: readonly Row[]) => void
}

/** Opens one sandbox for a test file; each test finds it as new, its clock stopped on a winter's noon. */
export async function openTraps (t: Test, platform: Platform): Promise<Traps> {
  const sandbox = await openSandbox()
  t.teardown(() => sandbox.close())
  const seen = new Set<Row>()

  const run = (title: string, body: Body): void => {
    t.test(title, async t => {
      sandbox.reset()
      sandbox.clock.freeze()
      sandbox.clock.set(Date.parse('2026-11-23T12:00:00Z'))
      await body(t, openStage(t, sandbox, platform))
    })
  }

  return {
    row: (row, claim, body) => {
      seen.add(row)
      run(`${row}: ${claim}`, body)
    },
    trap: run,
    end: without => {
      t.test('every row has a test', async t => {
        t.strictSame(ROWS.filter(row => !seen.has(row)), without)
      })
    }
  }
}

function openStage (t: Test, sandbox: Sandbox, platform: Platform): Stage {
  const reopen = (settings: PlatformSettings, options: object = {}): PlatformClient => {
    const all = optionsOf(sandbox)
    const platforms = openBareClients({ [platform]: { ...all[platform], ...options } }, { clock: sandbox.clock, random: () => 0, ...settings })
    t.teardown(() => platforms.close())
    return platforms.clients[platform] as PlatformClient
  }
  const client = reopen({})
  let told = 0
  return {
    sandbox,
    client,
    reopen,
    ask: async (...ids) => (await client.fetchCounts(ids)).map(inAWord),
    costs: () => {
      const calls = sandbox.calls.list(platform).slice(told)
      told += calls.length
      return calls.map(({ path, status, cost }) => [path, status, cost])
    },
    fault: fault => sandbox.faults.add({ platform, ...fault } as Fault)
  }
}

function optionsOf ({ baseUrls, credentials }: Sandbox): Required<PlatformOptions> {
  return {
    youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
    soundcloud: { baseUrl: baseUrls.soundcloud, tokenUrl: baseUrls.soundcloudToken, ...credentials.soundcloud },
    x: { baseUrl: baseUrls.x, ...credentials.x },
    facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook },
    instagram: { baseUrl: baseUrls.instagram, ...credentials.instagram }
  }
}

/** The count, the kind of outcome, or the reason of a failure; a transient one by its code, `auth@12:30:00` with a time. */
export function inAWord (outcome: CountOutcome): string | number {
  if (outcome.kind === 'ok') return outcome.count
  if (outcome.kind !== 'failed') return outcome.kind
  const { reason, code, retryAt } = outcome.failure
  const word = reason === 'transient' ? code.replace('INS_PLATFORM_', '').toLowerCase() : reason
  return retryAt === null ? word : `${word}@${new Date(retryAt).toISOString().slice(0, 19)}`
}

/** The faults that can hit any call, and what all ids of it become after the third try or, if it is final, the first. */
export const BROKEN: ReadonlyArray<[fault: Plain<Fault>, word: string, isRepeated: boolean]> = [
  [{ kind: 'reset' }, 'unreachable', true],
  [{ kind: 'reset_mid_body' }, 'unreachable', true],
  [{ kind: 'truncated_json' }, 'reply', false],
  [{ kind: 'html' }, 'reply', false],
  [{ kind: 'html', status: 502 }, 'status', true],
  [{ kind: 'empty' }, 'reply', false],
  [{ kind: 'wrong_type', body: [] }, 'reply', false],
  [{ kind: 'wrong_type', body: null }, 'reply', false],
  [{ kind: 'wrong_type', body: 'text' }, 'reply', false]
]
