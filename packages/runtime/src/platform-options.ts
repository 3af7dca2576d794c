import type { Config } from '@insights/config'
import type { PlatformOptions } from '@insights/platforms'
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

/** How often each platform is asked for one count. */
export function intervalsOf ({ platforms }: Config): Record<Platform, Milliseconds> {
  const entries = PLATFORMS.map(platform => [platform, platforms[platform].intervalMs])
  return Object.fromEntries(entries) as Record<Platform, Milliseconds>
}
