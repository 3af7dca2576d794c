import { isAppError } from '@insights/shared'
import { openSandbox, type Sandbox } from './open.js'

const DEFAULT_PORT = 4600

/** The configuration that points a service at this sandbox, one `NAME=value` per line. */
function variablesOf ({ baseUrls, credentials }: Sandbox): string {
  const variables = {
    YOUTUBE_BASE_URL: baseUrls.youtube,
    YOUTUBE_API_KEY: credentials.youtube.apiKey,
    SOUNDCLOUD_BASE_URL: baseUrls.soundcloud,
    SOUNDCLOUD_TOKEN_URL: baseUrls.soundcloudToken,
    SOUNDCLOUD_CLIENT_ID: credentials.soundcloud.clientId,
    SOUNDCLOUD_CLIENT_SECRET: credentials.soundcloud.clientSecret,
    X_BASE_URL: baseUrls.x,
    X_BEARER_TOKEN: credentials.x.bearerToken,
    FACEBOOK_BASE_URL: baseUrls.facebook,
    FACEBOOK_ACCESS_TOKEN: credentials.facebook.accessToken,
    FACEBOOK_APP_SECRET: credentials.facebook.appSecret,
    INSTAGRAM_BASE_URL: baseUrls.instagram,
    INSTAGRAM_ACCESS_TOKEN: credentials.instagram.accessToken,
    INSTAGRAM_ACCOUNT_ID: credentials.instagram.accountId,
    INSTAGRAM_APP_SECRET: credentials.instagram.appSecret
  }
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`).join('\n')
}

function readPort (text = ''): number {
  if (text === '') return DEFAULT_PORT
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (port <= 65_535) return port
  return fail('PORT must be a whole number from 0 to 65535.')
}

function fail (message: string): never {
  console.error(message)
  process.exit(1)
}

async function main (): Promise<void> {
  const { HOST: host = '', PORT: port } = process.env
  const sandbox = await openSandbox({ host: host === '' ? '127.0.0.1' : host, port: readPort(port) })
  console.log(`The platform sandbox listens on ${sandbox.url} (control: ${sandbox.url}/_sandbox).`)
  console.log(`A service talks to it with:\n\n${variablesOf(sandbox)}\n\nCtrl-C stops it.`)
  const stop = () => {
    sandbox.close().catch((error: Error) => fail(error.message))
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
}

main().catch((error: Error) => fail(isAppError(error) ? error.message : String(error.stack)))
