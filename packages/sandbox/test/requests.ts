import { openSandbox, SANDBOX_CREDENTIALS, type Sandbox, type SandboxOptions } from '../src/index.js'

interface Test {
  teardown: (act: () => Promise<void>) => void
}

/** Any JSON, for assertions that go deep into answers. */
export type Json = any

export interface Reply {
  status: number
  headers: Headers
  text: string
  /** The parsed body; `undefined` when it is no JSON. */
  json: Json
}

export async function open (t: Test, options?: SandboxOptions): Promise<Sandbox> {
  const sandbox = await openSandbox(options)
  t.teardown(() => sandbox.close())
  return sandbox
}

export async function request (url: string, init?: RequestInit): Promise<Reply> {
  const response = await fetch(url, init)
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parse(text) }
}

function parse (text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    // The test says what it expects of such a body.
    return undefined
  }
}

export function youtube (sandbox: Sandbox, method: 'videos' | 'videos:batchGetStats', query: Record<string, string>): Promise<Reply> {
  const headers = { 'x-goog-api-key': SANDBOX_CREDENTIALS.youtube.apiKey }
  return request(`${sandbox.baseUrls.youtube}/${method}?${new URLSearchParams(query)}`, { headers })
}

export function soundcloudGrant (sandbox: Sandbox, form: Record<string, string> = { grant_type: 'client_credentials' }): Promise<Reply> {
  const { clientId, clientSecret } = SANDBOX_CREDENTIALS.soundcloud
  const headers = { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` }
  return request(sandbox.baseUrls.soundcloudToken, { method: 'POST', headers, body: new URLSearchParams(form) })
}

export async function soundcloudToken (sandbox: Sandbox): Promise<string> {
  return (await soundcloudGrant(sandbox)).json.access_token
}

export function soundcloud (sandbox: Sandbox, token: string, path: string, query: Record<string, string> = {}): Promise<Reply> {
  const headers = { authorization: `OAuth ${token}` }
  return request(`${sandbox.baseUrls.soundcloud}${path}?${new URLSearchParams(query)}`, { headers })
}

export function x (sandbox: Sandbox, path: string, query: Record<string, string> = {}): Promise<Reply> {
  const headers = { authorization: `Bearer ${SANDBOX_CREDENTIALS.x.bearerToken}` }
  const fields = { 'user.fields': 'public_metrics' }
  return request(`${sandbox.baseUrls.x}${path}?${new URLSearchParams({ ...query, ...fields })}`, { headers })
}

export function xHandles (sandbox: Sandbox, ...handles: string[]): Promise<Reply> {
  return x(sandbox, '/2/users/by', { usernames: handles.join(',') })
}

type GraphPlatform = 'facebook' | 'instagram'

export function graph (sandbox: Sandbox, platform: GraphPlatform, path: string): Promise<Reply> {
  const headers = { authorization: `Bearer ${SANDBOX_CREDENTIALS[platform].accessToken}` }
  return request(`${sandbox.baseUrls[platform]}/${path}`, { headers })
}

export function graphBatch (sandbox: Sandbox, platform: GraphPlatform, urls: string[], more: Record<string, string> = {}): Promise<Reply> {
  const batch = JSON.stringify(urls.map(url => ({ method: 'GET', relative_url: url })))
  const form = { access_token: SANDBOX_CREDENTIALS[platform].accessToken, include_headers: 'false', batch, ...more }
  return request(`${sandbox.baseUrls[platform]}/`, { method: 'POST', body: new URLSearchParams(form) })
}

/** The codes of the errors in the parts of a batch; `null` for a part without one. */
export function partCodes (reply: Reply): Array<number | null> {
  return reply.json.map((part: Json) => JSON.parse(part.body).error?.code ?? null)
}

export const PAGE_FIELDS = 'fields=id,followers_count,fan_count'

export function discovery (handle: string): string {
  return `${SANDBOX_CREDENTIALS.instagram.accountId}?fields=business_discovery.username(${handle})%7Bid,username,followers_count%7D`
}
