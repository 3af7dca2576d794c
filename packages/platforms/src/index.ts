export type { CallFailure, CountOutcome, FetchOptions, PlatformClient } from './port.js'
export type { Urgency } from './budget.js'
export { createMemoryState } from './memory-state.js'
export { NO_LIMITS, type PlatformLimits } from './rules.js'
export type { CountLoader, LookupOptions } from './loader.js'
export type { CallObserver, PlatformCall } from './observe-calls.js'
export type { YoutubeOptions } from './youtube.js'
export type { SoundcloudOptions } from './soundcloud.js'
export type { XOptions } from './x.js'
export type { FacebookOptions } from './facebook.js'
export type { InstagramOptions } from './instagram.js'
export {
  openBareClients, openPlatforms,
  type CountLoaders, type PlatformClients, type PlatformOptions, type Platforms, type PlatformSettings
} from './open.js'
export { DEFAULT_BASE_URLS } from './base-url.js'
