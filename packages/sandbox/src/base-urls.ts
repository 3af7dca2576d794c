/** Where each platform is, for the base URLs that a service is configured with. Without a slash at the end. */
export interface SandboxBaseUrls {
  youtube: string
  soundcloud: string
  soundcloudToken: string
  x: string
  facebook: string
  instagram: string
}

/** The base URLs of a sandbox that listens at `url`. */
export function baseUrlsOf (url: string): SandboxBaseUrls {
  return {
    youtube: `${url}/youtube/v3`,
    soundcloud: `${url}/soundcloud`,
    soundcloudToken: `${url}/soundcloud/oauth/token`,
    x: `${url}/x`,
    facebook: `${url}/facebook/v26.0`,
    instagram: `${url}/instagram/v26.0`
  }
}
