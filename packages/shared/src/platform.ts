/** The platforms that counts come from. The order is the order in which answers list them. */
export const PLATFORMS = ['youtube', 'soundcloud', 'x', 'facebook', 'instagram'] as const

export type Platform = typeof PLATFORMS[number]

/** The wire's `source_type` of a work: 1 = YouTube, 2 = SoundCloud. */
export const SOURCE_TYPES = [1, 2] as const

export type SourceType = typeof SOURCE_TYPES[number]

const PLATFORM_OF_SOURCE_TYPE: Record<SourceType, Platform> = { 1: 'youtube', 2: 'soundcloud' }

/** The platform that a work's plays are counted on. */
export function platformOfWork (sourceType: SourceType): Platform {
  return PLATFORM_OF_SOURCE_TYPE[sourceType]
}
