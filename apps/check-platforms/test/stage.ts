import { loadConfig } from '@insights/config'
import type { Sandbox } from '@insights/sandbox'
import type { Test } from 'tap'
import { run } from '../src/run.js'

export type Variables = Record<string, string>

/** All five platforms in the sandbox, with what it accepts. */
export function variablesOf ({ baseUrls, credentials }: Sandbox): Variables {
  return {
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
}

export interface Ended { code: number, output: string, complaints: string, lines: string[] }

/** Runs the check on this environment; where that names no data directory, on one that is not there. */
export async function check (t: Test, env: Variables, ...args: string[]): Promise<Ended> {
  let [output, complaints] = ['', '']
  const code = await run(args, {
    loadConfig: () => loadConfig({ DATA_DIR: `${t.testdirName}/missing`, ...env }),
    write: text => { output += text },
    complain: text => { complaints += text },
    onLost: () => { throw new Error('the data directory was lost') }
  })
  const isSecret = ([name, value]: [string, string]): boolean => /KEY|SECRET|TOKEN$/.test(name) || value.startsWith('wrong-')
  for (const [name, value] of Object.entries(env).filter(isSecret)) {
    t.notOk((output + complaints).includes(value), `${name} is not shown`)
  }
  return { code, output, complaints, lines: output.split('\n').slice(0, -1) }
}
