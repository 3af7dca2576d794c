import { systemClock, type Clock, type Milliseconds, type Platform } from '@insights/shared'
import type { ClientSettings } from './client.js'
import { openFacebookClient, type FacebookOptions } from './facebook.js'
import { openInstagramClient, type InstagramOptions } from './instagram.js'
import { createLoader, type CountLoader } from './loader.js'
import { observeCalls, type CallObserver } from './observe-calls.js'
import type { PlatformClient } from './port.js'
import { openSoundcloudClient, type SoundcloudOptions } from './soundcloud.js'
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
  /** The time of day, for the end of tokens and quotas; this machine's. */
  clock?: Clock
  /** From 0 to just below 1, for the pauses between tries; `Math.random`. */
  random?: () => number
  userAgent?: string
  /** Where SoundCloud's token is kept; the memory of this process. Borrowed. */
  tokenCache?: TokenCache
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
  const clients = openClients(options, toClientSettings(settings), settings.tokenCache ?? createTokenCache())
  const windowMs = settings.batchWindowMs ?? DEFAULT_BATCH_WINDOW_MS
  const opened = Object.values(clients)
  return {
    clients,
    loaders: Object.fromEntries(opened.map(client => [client.platform, createLoader({ ...toCaller(client, settings), windowMs })])),
    close: async () => { await Promise.all(opened.map(client => client.close())) }
  }
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

function toClientSettings (settings: PlatformSettings): ClientSettings {
  return {
    timeoutMs: settings.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    deadlineMs: settings.deadlineMs ?? DEFAULT_DEADLINE_MS,
    maxReplyBytes: settings.maxReplyBytes ?? DEFAULT_MAX_REPLY_BYTES,
    clock: settings.clock ?? systemClock,
    random: settings.random ?? Math.random,
    userAgent: settings.userAgent ?? DEFAULT_USER_AGENT
  }
}
