import type { Config } from '@insights/config'
import { NO_LIMITS, type PlatformLimits, type PlatformOptions } from '@insights/platforms'
import type { Sandbox } from '@insights/sandbox'
import { PLATFORMS, type Milliseconds, type Platform } from '@insights/shared'

/** `live`: asked with the operator's credentials; `sandbox`: a local stand-in; `not_configured`: not asked at all. */
export type PlatformMode = 'live' | 'sandbox' | 'not_configured'

/** How each platform is used where there is no stand-in: live with credentials, otherwise not at all. */
export function toPlatformModes (config: Config): Record<Platform, PlatformMode> {
  const given = credentialsGiven(config)
  return Object.fromEntries(PLATFORMS.map(platform => [platform, given[platform] ? 'live' : 'not_configured'])) as Record<Platform, PlatformMode>
}

/** For which platforms there are credentials. */
export function credentialsGiven ({ platforms }: Config): Record<Platform, boolean> {
  const entries = PLATFORMS.map(platform => [platform, platforms[platform].credentials !== null])
  return Object.fromEntries(entries) as Record<Platform, boolean>
}

/** Where to ask the configured platforms, and as whom. */
export function liveOptions (config: Config): PlatformOptions {
  const { youtube, soundcloud, x, facebook, instagram } = config.platforms
  return {
    ...(youtube.credentials !== null && { youtube: { baseUrl: youtube.baseUrl, ...youtube.credentials } }),
    ...(soundcloud.credentials !== null && {
      soundcloud: { baseUrl: soundcloud.baseUrl, tokenUrl: soundcloud.tokenUrl, ...soundcloud.credentials }
    }),
    ...(x.credentials !== null && { x: { baseUrl: x.baseUrl, ...x.credentials } }),
    ...(facebook.credentials !== null && { facebook: { baseUrl: facebook.baseUrl, ...withoutNull(facebook.credentials) } }),
    ...(instagram.credentials !== null && { instagram: { baseUrl: instagram.baseUrl, ...withoutNull(instagram.credentials) } })
  }
}

/** The same for the stand-in, all five. */
export function sandboxOptions ({ baseUrls, credentials }: Sandbox): Required<PlatformOptions> {
  return {
    youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
    soundcloud: { baseUrl: baseUrls.soundcloud, tokenUrl: baseUrls.soundcloudToken, ...credentials.soundcloud },
    x: { baseUrl: baseUrls.x, ...credentials.x },
    facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook },
    instagram: { baseUrl: baseUrls.instagram, ...credentials.instagram }
  }
}

function withoutNull<T extends { appSecret: string | null }> (credentials: T): Omit<T, 'appSecret'> & { appSecret?: string } {
  const { appSecret, ...rest } = credentials
  return appSecret === null ? rest : { ...rest, appSecret }
}

/** How long counts may be kept that can not be fetched again, where a platform sets a limit. */
export function retentionsOf ({ platforms }: Config): Partial<Record<Platform, Milliseconds>> {
  return { youtube: platforms.youtube.retentionMs }
}

/** The limits of the live platforms; what is asked of the stand-in costs nobody anything. */
export function limitsOf ({ limits, platforms }: Config): PlatformLimits {
  const isLive = (platform: Platform): boolean => platforms[platform].credentials !== null
  const graph = { callsPerHour: limits.graph.callsPerHour }
  return {
    ...NO_LIMITS,
    ...(isLive('youtube') && { youtube: limits.youtube }),
    ...(isLive('soundcloud') && { soundcloud: { ...NO_LIMITS.soundcloud, ...limits.soundcloud } }),
    ...(isLive('x') && { x: limits.x }),
    ...(isLive('facebook') && { facebook: graph }),
    ...(isLive('instagram') && { instagram: graph })
  }
}

/**
 * Whether Facebook and Instagram are asked through one app, and so share its limit. Tokens or secrets that are the same
 * say so, app tokens or secrets that differ say the contrary; where nothing tells, sharing is what can do no harm.
 */
export function isGraphOneApp ({ limits, platforms: { facebook, instagram } }: Config): boolean {
  const [one, other] = [facebook.credentials, instagram.credentials]
  if (one === null || other === null) return one === other
  if (limits.graph.isOneApp !== 'auto') return limits.graph.isOneApp === 'true'
  if (one.accessToken === other.accessToken) return true
  if (one.appSecret !== null && other.appSecret !== null) return one.appSecret === other.appSecret
  const [appOfOne, appOfOther] = [appIn(one.accessToken), appIn(other.accessToken)]
  return appOfOne === null || appOfOther === null || appOfOne === appOfOther
}

/** The number of the app in an app token, `<app id>|<secret>`; `null` for any other token. */
function appIn (token: string): string | null {
  return /^(\d+)\|/.exec(token)?.[1] ?? null
}

/** How often each platform is asked for one count. */
export function intervalsOf ({ platforms }: Config): Record<Platform, Milliseconds> {
  const entries = PLATFORMS.map(platform => [platform, platforms[platform].intervalMs])
  return Object.fromEntries(entries) as Record<Platform, Milliseconds>
}
