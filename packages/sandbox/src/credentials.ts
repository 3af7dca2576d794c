/** The only credentials that a sandbox accepts. They open nothing outside it. */
export const SANDBOX_CREDENTIALS = {
  youtube: { apiKey: 'sandbox-youtube-api-key' },
  soundcloud: { clientId: 'sandbox-soundcloud-client', clientSecret: 'sandbox-soundcloud-secret' },
  x: { bearerToken: 'sandbox-x-bearer-token' },
  facebook: { accessToken: 'sandbox-facebook-access-token', appSecret: 'sandbox-facebook-app-secret' },
  instagram: {
    accessToken: 'sandbox-instagram-access-token',
    appSecret: 'sandbox-instagram-app-secret',
    accountId: '17841405309211844'
  }
} as const
