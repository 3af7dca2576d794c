export type { CallFailure, CountOutcome, PlatformClient } from './port.js'
export type { CountLoader } from './loader.js'
export type { CallObserver, PlatformCall } from './observe-calls.js'
export type { AccessToken, TokenCache } from './token-cache.js'
export type { YoutubeOptions } from './youtube.js'
export type { SoundcloudOptions } from './soundcloud.js'
export type { XOptions } from './x.js'
export type { FacebookOptions } from './facebook.js'
export type { InstagramOptions } from './instagram.js'
export {
  openPlatforms,
  type CountLoaders, type PlatformClients, type PlatformOptions, type Platforms, type PlatformSettings
} from './open.js'
export { DEFAULT_BASE_URLS } from './base-url.js'
