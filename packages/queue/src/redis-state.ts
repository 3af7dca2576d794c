import type { Clock, Milliseconds, Note, ReadState, SharedState } from '@insights/shared'
import { disconnect, firstOf } from './redis-client.js'
import { openStateConnection } from './redis-connection.js'

/** Beside the queue's keys, so that one permission covers both. The braces keep all of them on one node of a cluster. */
const DEFAULT_PREFIX = '{insights}:platforms'

/** A Redis that answers is ready in a few milliseconds; one that does not is waited for no longer than this. */
const OPEN_LIMIT_MS = 1_000

const CLOSE_LIMIT_MS = 1_000

/** The time of the server in milliseconds, or the one that is given in its place. */
const NOW = `
local function now (given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function whole (number) return string.format('%.0f', number) end
`

/** KEYS state; ARGV time. Answers version, value and time. */
const READ = `${NOW}
local state = redis.call('HMGET', KEYS[1], 'version', 'value')
return { state[1] or '0', state[2], whole(now(ARGV[1])) }`

/** KEYS state; ARGV time, from, to, value, notAfter. Answers whether it was made. */
const SWAP = `${NOW}
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version ~= ARGV[2] or now(ARGV[1]) > tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'value', ARGV[4])
return 1`

/**
 * KEYS list; ARGV time, lease or '', expiry, names. A note is `v` and a value, `c` and the end of a claim, or `l` when it
 * was let go. Answers the time, then per name `f` first, `a` again, or the note.
 */
const CLAIM = `${NOW}
local at = now(ARGV[1])
local takes = ARGV[2] ~= ''
local answers = { whole(at) }
for i = 4, #ARGV do
  local note = redis.call('HGET', KEYS[1], ARGV[i])
  local isFree = not note or note == 'l' or (note:sub(1, 1) == 'c' and tonumber(note:sub(2)) <= at)
  if isFree and takes then redis.call('HSET', KEYS[1], ARGV[i], 'c' .. whole(at + tonumber(ARGV[2]))) end
  answers[#answers + 1] = isFree and (note and 'a' or 'f') or note
end
if takes then redis.call('PEXPIRE', KEYS[1], whole(tonumber(ARGV[3]) - at)) end
return answers`

/** KEYS list; ARGV name and note by turns. A list that has expired meanwhile stays gone. */
const KEEP = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], unpack(ARGV)) end
return 1`

type Script<A> = (...args: string[]) => Promise<A>
interface Scripts {
  insightsReadState: Script<[version: string, value: string | null, now: string]>
  insightsSwapState: Script<number>
  insightsClaimNotes: Script<string[]>
  insightsKeepNotes: Script<number>
}

export interface RedisStateOptions {
  /** Before all keys; needs braces for a cluster. */
  prefix?: string
  /** In place of the server's time, for tests. */
  clock?: Clock
}

export interface RedisState {
  shared: SharedState
  close: () => Promise<void>
}

/**
 * Opens `SharedState` on Redis. It resolves also while Redis is away, within a second; calls then fail until it is there.
 * `url` as for the queues.
 */
export async function openRedisState (url: string, options: RedisStateOptions = {}): Promise<RedisState> {
  const { prefix = DEFAULT_PREFIX, clock } = options
  const redis = openStateConnection(url)
  const commands = { insightsReadState: READ, insightsSwapState: SWAP, insightsClaimNotes: CLAIM, insightsKeepNotes: KEEP }
  for (const [name, lua] of Object.entries(commands)) redis.defineCommand(name, { lua, numberOfKeys: 1 })
  await firstOf(redis, ['ready', 'close'], OPEN_LIMIT_MS)
  return {
    shared: createRedisState(redis as unknown as Scripts, prefix, () => clock === undefined ? '' : String(clock.now())),
    close: async () => { await disconnect(redis, CLOSE_LIMIT_MS) }
  }
}

function createRedisState (redis: Scripts, prefix: string, time: () => string): SharedState {
  return {
    read: async key => {
      const [version, value, now] = await redis.insightsReadState(`${prefix}:state:${key}`, time())
      return { version: Number(version), value, now: Number(now) } satisfies ReadState
    },
    swap: async (key, { from, to, value, notAfter }) => {
      const made = await redis.insightsSwapState(`${prefix}:state:${key}`, time(), String(from), String(to), value, String(notAfter))
      return made === 1
    },
    claim: async (list, names, { leaseMs, expiresAt }) => {
      const lease = leaseMs === null ? '' : String(leaseMs)
      const [now, ...notes] = await redis.insightsClaimNotes(`${prefix}:notes:${list}`, time(), lease, String(expiresAt), ...names)
      return { now: Number(now), notes: notes.map(toNote) }
    },
    keep: async (list, results) => {
      if (results.length === 0) return
      await redis.insightsKeepNotes(`${prefix}:notes:${list}`, ...results.flatMap(([name, value]) => [name, value === null ? 'l' : `v${value}`]))
    }
  }
}

function toNote (text: string): Note {
  const rest = text.slice(1)
  switch (text[0]) {
    case 'f': return { kind: 'first' }
    case 'v': return { kind: 'kept', value: rest }
    case 'c': return { kind: 'held', until: Number(rest) as Milliseconds }
    default: return { kind: 'again' }
  }
}
