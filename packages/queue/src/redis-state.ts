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
 * KEYS notes; ARGV time, lease or '', expiry, oldest age or ''. A note is `v`, the time at which it was kept, `:` and a
 * value, or `c` and the end of a claim, or `l` when it was let go. Answers the time, then per name `f` first, `a` again,
 * `c` and the end of the claim, or `v`, the age, `:` and the value.
 */
const CLAIM = `${NOW}
local at = now(ARGV[1])
local takes = ARGV[2] ~= '' and tonumber(ARGV[3]) > at
local answers = { whole(at) }
for i, key in ipairs(KEYS) do
  local note = redis.call('GET', key)
  local kind = note and note:sub(1, 1) or 'f'
  local colon = kind == 'v' and note:find(':', 1, true)
  local age = colon and at - tonumber(note:sub(2, colon - 1))
  if age and (ARGV[4] == '' or age <= tonumber(ARGV[4])) then answers[i + 1] = 'v' .. whole(age) .. note:sub(colon)
  elseif kind == 'c' and tonumber(note:sub(2)) > at then answers[i + 1] = note
  else
    if takes then redis.call('SET', key, 'c' .. whole(at + tonumber(ARGV[2])), 'PX', whole(tonumber(ARGV[3]) - at)) end
    answers[i + 1] = note and 'a' or 'f'
  end
end
return answers`

/**
 * KEYS notes; ARGV time, then per name `l`, or `v` and the value. What has expired meanwhile stays gone, and only a claim
 * is let go.
 */
const KEEP = `${NOW}
local stamp = whole(now(ARGV[1])) .. ':'
for i, key in ipairs(KEYS) do
  local result = ARGV[i + 1]
  if result ~= 'l' then redis.call('SET', key, 'v' .. stamp .. result:sub(2), 'XX', 'KEEPTTL')
  elseif redis.call('GETRANGE', key, 0, 0) == 'c' then redis.call('SET', key, 'l', 'XX', 'KEEPTTL') end
end
return 1`

type Script<A> = (...args: string[]) => Promise<A>
type ScriptOfSeveral<A> = (numberOfKeys: number, ...keysAndArgs: string[]) => Promise<A>
interface Scripts {
  insightsReadState: Script<[version: string, value: string | null, now: string]>
  insightsSwapState: Script<number>
  insightsClaimNotes: ScriptOfSeveral<string[]>
  insightsKeepNotes: ScriptOfSeveral<number>
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
  for (const [name, lua] of Object.entries({ insightsReadState: READ, insightsSwapState: SWAP })) redis.defineCommand(name, { lua, numberOfKeys: 1 })
  for (const [name, lua] of Object.entries({ insightsClaimNotes: CLAIM, insightsKeepNotes: KEEP })) redis.defineCommand(name, { lua })
  await firstOf(redis, ['ready', 'close'], OPEN_LIMIT_MS)
  return {
    shared: createRedisState(redis as unknown as Scripts, prefix, () => clock === undefined ? '' : String(clock.now())),
    close: async () => { await disconnect(redis, CLOSE_LIMIT_MS) }
  }
}

function createRedisState (redis: Scripts, prefix: string, time: () => string): SharedState {
  /** A key for each name, because only keys expire. */
  const keyOf = (list: string, name: string): string => `${prefix}:notes:${list}:${name}`
  return {
    read: async key => {
      const [version, value, now] = await redis.insightsReadState(`${prefix}:state:${key}`, time())
      return { version: Number(version), value, now: Number(now) } satisfies ReadState
    },
    swap: async (key, { from, to, value, notAfter }) => {
      const made = await redis.insightsSwapState(`${prefix}:state:${key}`, time(), String(from), String(to), value, String(notAfter))
      return made === 1
    },
    claim: async (list, names, { leaseMs, expiresAt, maxAgeMs }) => {
      const [lease, oldest] = [leaseMs, maxAgeMs].map(duration => duration == null ? '' : String(Math.floor(duration)))
      const [now, ...notes] = await redis.insightsClaimNotes(
        names.length, ...names.map(name => keyOf(list, name)), time(), lease ?? '', String(Math.floor(expiresAt)), oldest ?? '')
      return { now: Number(now), notes: notes.map(toNote) }
    },
    keep: async (list, results) => {
      if (results.length === 0) return
      const notes = results.map(([, value]) => value === null ? 'l' : `v${value}`)
      await redis.insightsKeepNotes(results.length, ...results.map(([name]) => keyOf(list, name)), time(), ...notes)
    }
  }
}

function toNote (text: string): Note {
  const rest = text.slice(1)
  switch (text[0]) {
    case 'f': return { kind: 'first' }
    case 'v': return { kind: 'kept', value: rest.slice(rest.indexOf(':') + 1), ageMs: Number(rest.slice(0, rest.indexOf(':'))) }
    case 'c': return { kind: 'held', until: Number(rest) as Milliseconds }
    default: return { kind: 'again' }
  }
}
