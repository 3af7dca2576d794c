import type { Platform } from '@insights/shared'
import type { VariableName } from './schema.js'

/** The variables that make a platform live, and those that are of use only with them. */
export interface PlatformCredentials {
  /** All of them together. */
  readonly required: readonly VariableName[]
  readonly optional: readonly VariableName[]
  /** Where the platform is looked for. */
  readonly addresses: readonly VariableName[]
}

export const PLATFORM_CREDENTIALS: Readonly<Record<Platform, PlatformCredentials>> = {
  youtube: { required: ['YOUTUBE_API_KEY'], optional: [], addresses: ['YOUTUBE_BASE_URL'] },
  soundcloud: {
    required: ['SOUNDCLOUD_CLIENT_ID', 'SOUNDCLOUD_CLIENT_SECRET'],
    optional: [],
    addresses: ['SOUNDCLOUD_BASE_URL', 'SOUNDCLOUD_TOKEN_URL']
  },
  x: { required: ['X_BEARER_TOKEN'], optional: [], addresses: ['X_BASE_URL'] },
  facebook: { required: ['FACEBOOK_ACCESS_TOKEN'], optional: ['FACEBOOK_APP_SECRET'], addresses: ['FACEBOOK_BASE_URL'] },
  instagram: {
    required: ['INSTAGRAM_ACCESS_TOKEN', 'INSTAGRAM_ACCOUNT_ID'],
    optional: ['INSTAGRAM_APP_SECRET'],
    addresses: ['INSTAGRAM_BASE_URL']
  }
}
