import { createHash } from 'node:crypto'
import { systemClock, type Clock, type Milliseconds, type Platform, type PlatformStatus, type SharedState } from '@insights/shared'
import type { ClientSettings } from './client.js'
import { openFacebookClient, type FacebookOptions } from './facebook.js'
import { createGovernor, type Governor, type Trial } from './governor.js'
import { openInstagramClient, type InstagramOptions } from './instagram.js'
import { createLoader, type CountLoader } from './loader.js'
import { createMemoryState } from './memory-state.js'
import { observeCalls, type CallObserver } from './observe-calls.js'
import { createPool, type Pool } from './pool.js'
import type { PlatformClient } from './port.js'
import { NO_LIMITS, rulesOf, type PlatformLimits } from './rules.js'
import { createSharedAnswers, type SharedAnswers } from './shared-answers.js'
import { createSharedTokenCache } from './shared-token-cache.js'
import { openSoundcloudClient, type SoundcloudOptions } from './soundcloud.js'
import { readPlatformStatus } from './status.js'
import { createTokenCache, type TokenCache } from './token-cache.js'
import { openXClient, type XOptions } from './x.js'
import { openYoutubeClient, type YoutubeOptions } from './youtube.js'

/** Where each platform is and what it is asked with. One that is absent is not configured. */
export interface PlatformOptions {
  youtube?: YoutubeOptions
  soundcloud?: SoundcloudOptions
  x?: XOptions
  facebook?: FacebookOptions
  instagram?: InstagramOptions
}

/** How the platforms are called. Every field has a default. */
export interface PlatformSettings {
  /** The longest that one try may take; 5,000 ms. A batch of Facebook or Instagram may take all of `deadlineMs`. */
  timeoutMs?: Milliseconds
  /** The longest that one call of `fetchCounts` may take, repeats included; 10,000 ms. */
  deadlineMs?: Milliseconds
  /** How long a loader waits for more ids before it calls; 5 ms. */
  batchWindowMs?: Milliseconds
  /** The most bytes read of one reply; 5 MiB. */
  maxReplyBytes?: number
  /** The time of day, for the end of tokens and quotas; this machine's, or with `shared` that of its server. */
  clock?: Clock
  /**
   * Where the workers keep limits and refusals together, and what they have fetched; without it limits are kept in the
   * memory of this process, and answers are not kept. Borrowed.
   */
  shared?: SharedState
  /** Whether no other process works on `shared`: answers that cost nothing to fetch again are then kept in memory; `false`. */
  isOnlyProcess?: boolean
  /** What may be asked for; without it everything is only counted, but for SoundCloud's tokens: 40 in 12 hours, 25 in one. */
  limits?: PlatformLimits
  /** Those that are answered by a stand-in, whose use is no use of the platform; none. */
  standIns?: readonly Platform[]
  /** Whether Facebook and Instagram are asked through one app, and so have one limit; `true`. */
  graphIsOneApp?: boolean
  /** From 0 to just below 1, for the pauses between tries; `Math.random`. */
  random?: () => number
  userAgent?: string
  /** Set where a person tries the credentials out, instead of a worker that refreshes. */
  trial?: Trial
  /** Told of every call that a loader makes, when it has ended; for metrics. Must not throw. */
  onCall?: CallObserver
}

/** One loader per configured platform; absent = not configured. */
export type CountLoaders = { readonly [P in Platform]?: CountLoader }

/** One client per configured platform; absent = not configured. */
export type PlatformClients = { readonly [P in Platform]?: PlatformClient }

export interface Platforms {
  /** What jobs use: joins their lookups. */
  readonly loaders: CountLoaders
  /** What the loaders call. */
  readonly clients: PlatformClients
  /** What all their requests go through. */
  readonly governor: Governor
  /** How a platform fares, of all workers together. Rejects when the shared state can not be read. */
  readonly readStatus: (platform: Platform) => Promise<PlatformStatus>
  /** Cuts every connection. Lookups under way and later ones resolve, as failed. Safe to call twice. */
  close: () => Promise<void>
}

const DEFAULT_TIMEOUT_MS: Milliseconds = 5000
const DEFAULT_DEADLINE_MS: Milliseconds = 10_000
const DEFAULT_BATCH_WINDOW_MS: Milliseconds = 5

/** A hundred accounts or tracks with all their fields stay below 1 MiB. */
const DEFAULT_MAX_REPLY_BYTES = 5 * 1024 * 1024

const DEFAULT_USER_AGENT = 'insights/0.1'

/**
 * Opens the clients and loaders of the platforms that are configured. Connects to nothing until the first lookup.
 *
 * @throws AppError `INS_CONFIG_INVALID` for an address or credential that can not be used; the message names the
 *   platform and repeats neither. Nothing stays open then.
 */
export function openPlatforms (options: PlatformOptions, settings: PlatformSettings = {}): Platforms {
  const governor = openGovernor(options, settings)
  const clients = openClients(options, toClientSettings(settings, governor), openTokenCache(options, settings, governor.clock))
  const windowMs = settings.batchWindowMs ?? DEFAULT_BATCH_WINDOW_MS
  const answersOf = openAnswers(options, settings, governor.clock)
  const opened = Object.values(clients)
  return {
    clients,
    governor,
    readStatus: async platform => await readPlatformStatus(governor, platform),
    loaders: Object.fromEntries(opened.map(client => [client.platform, createLoader({
      ...toCaller(client, settings), ...answersOf(client), windowMs, fillsCalls: COSTS_PER_CALL.has(client.platform)
    })])),
    close: async () => { await closeAll(clients) }
  }
}

/**
 * The clients alone, which keep no limits and hold nothing back: for trying one out. In the service the governor of
 * `openPlatforms` stands between.
 *
 * @throws AppError `INS_CONFIG_INVALID` as `openPlatforms`.
 */
export function openBareClients (options: PlatformOptions, settings: PlatformSettings = {}): Pick<Platforms, 'clients' | 'close'> {
  const clients = openClients(options, toClientSettings(settings), createTokenCache())
  return { clients, close: async () => { await closeAll(clients) } }
}

async function closeAll (clients: PlatformClients): Promise<void> {
  await Promise.all(Object.values(clients).map(async client => { await client.close() }))
}

/** The token of a stand-in is worth nothing to the next one. */
function openTokenCache ({ soundcloud }: PlatformOptions, settings: PlatformSettings, clock: Clock): TokenCache {
  const { shared, standIns = [], deadlineMs = DEFAULT_DEADLINE_MS } = settings
  if (soundcloud === undefined || shared === undefined || standIns.includes('soundcloud')) return createTokenCache()
  return createSharedTokenCache({ name: 'SoundCloud', shared, clock, secret: soundcloud.clientSecret, deadlineMs })
}

/** What loaders know of one another. The limit of a call is also how long one waits for the call of another. */
function openAnswers (
  options: PlatformOptions, settings: PlatformSettings, clock: Clock
): (client: PlatformClient) => { answers: SharedAnswers, heldPatienceMs: Milliseconds, pool?: Pool } | object {
  const { shared, isOnlyProcess = false, standIns = [], deadlineMs = DEFAULT_DEADLINE_MS } = settings
  if (shared === undefined) return () => ({})
  const memory = createMemoryState(clock)
  return ({ platform, maxBatchSize }) => {
    const account = { platform, credentials: options[platform] ?? {}, isStandIn: standIns.includes(platform) }
    return {
      heldPatienceMs: deadlineMs,
      answers: createSharedAnswers({
        ...account, shared: isOnlyProcess && !COSTS_MONEY.has(platform) ? memory : shared, clock, deadlineMs
      }),
      ...(!isOnlyProcess && { pool: createPool({ ...account, shared, maxBatchSize }) })
    }
  }
}

/** Those whose answers are worth keeping over a restart. */
const COSTS_MONEY: ReadonlySet<Platform> = new Set(['x'])

/** Those that charge for a call and not for each id in it. */
const COSTS_PER_CALL: ReadonlySet<Platform> = new Set(['youtube', 'soundcloud'])

function openGovernor (options: PlatformOptions, settings: PlatformSettings): Governor {
  const { shared, clock, limits = NO_LIMITS, standIns = [], graphIsOneApp = true } = settings
  const own = clock ?? systemClock
  const isOwn = shared === undefined || clock !== undefined
  const graph = graphIsOneApp ? { facebook: 'graph', instagram: 'graph' } : { facebook: 'facebook', instagram: 'instagram' }
  const accounts = Object.entries({ youtube: 'youtube', soundcloud: 'soundcloud', x: 'x', ...graph })
    .map(([platform, account]) => [platform, standIns.includes(platform as Platform) ? `sandbox-${account}` : account])
  return createGovernor({
    shared: shared ?? createMemoryState(own),
    rules: rulesOf(limits),
    accounts: Object.fromEntries(accounts) as Record<Platform, string>,
    credentials: Object.fromEntries(Object.entries(options).map(([platform, each]) => [platform, fingerprint(each)])),
    ...(isOwn && { clock: own }),
    ...(settings.trial !== undefined && { trial: settings.trial })
  })
}

/** Tells credentials apart, and nothing about them. */
function fingerprint (options: object): string {
  return createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 12)
}

function toCaller (client: PlatformClient, { onCall }: PlatformSettings): PlatformClient {
  return onCall === undefined ? client : { ...client, fetchCounts: observeCalls(client, onCall) }
}

function openClients (options: PlatformOptions, settings: ClientSettings, tokens: TokenCache): PlatformClients {
  const { youtube, soundcloud, x, facebook, instagram } = options
  return {
    ...youtube && { youtube: openYoutubeClient(youtube, settings) },
    ...soundcloud && { soundcloud: openSoundcloudClient(soundcloud, settings, tokens) },
    ...x && { x: openXClient(x, settings) },
    ...facebook && { facebook: openFacebookClient(facebook, settings) },
    ...instagram && { instagram: openInstagramClient(instagram, settings) }
  }
}

function toClientSettings (settings: PlatformSettings, governor?: Governor): ClientSettings {
  const deadlineMs = settings.deadlineMs ?? DEFAULT_DEADLINE_MS
  return {
    // A try that never gets its usual time would never count as failed.
    timeoutMs: Math.min(settings.timeoutMs ?? DEFAULT_TIMEOUT_MS, deadlineMs),
    deadlineMs,
    maxReplyBytes: settings.maxReplyBytes ?? DEFAULT_MAX_REPLY_BYTES,
    ...(governor !== undefined && { governor }),
    clock: governor?.clock ?? settings.clock ?? systemClock,
    random: settings.random ?? Math.random,
    userAgent: settings.userAgent ?? DEFAULT_USER_AGENT
  }
}
