/** The only credentials that a sandbox accepts. They open nothing outside it. */
export const SANDBOX_CREDENTIALS = {
  youtube: { apiKey: 'sandbox-youtube-api-key' },
  soundcloud: { clientId: 'sandbox-soundcloud-client', clientSecret: 'sandbox-soundcloud-secret' },
  x: { bearerToken: 'sandbox-x-bearer-token' },
  facebook: { accessToken: 'sandbox-facebook-access-token' },
  instagram: { accessToken: 'sandbox-instagram-access-token', accountId: '17841405309211844' }
} as const
