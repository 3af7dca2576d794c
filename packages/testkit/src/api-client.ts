import { setTimeout as delay } from 'node:timers/promises'

/** What a test reads of an answer. */
export interface Answer {
  status: number
  headers: Headers
  /** The parsed JSON body; `null` when there is none. */
  body: any
}

/** Talks to a running service as a host application does. */
export interface ApiClient {
  get: (path: string) => Promise<Answer>
  post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
  delete: (path: string) => Promise<Answer>
  /** Reads an insight until its open refresh is done; the deadline is far beyond what a working service needs. */
  refreshed: (id: number) => Promise<Answer>
}

const REFRESH_LIMIT_MS = 60_000

/** `fetch` says only that it failed; why stands in the cause. */
function reasonOf (error: unknown): string {
  const { cause } = error as Error
  return cause instanceof Error ? `${cause.name} ${(cause as NodeJS.ErrnoException).code ?? ''} ${cause.message}` : String(error)
}

/** A client of the service at `url`, signed in with `token`. */
export function createApiClient (url: string, token: string): ApiClient {
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Token ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) })
    }).catch((error: unknown) => { throw new Error(`${method} ${path} got no answer: ${reasonOf(error)}`, { cause: error }) })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }
  const get = async (path: string): Promise<Answer> => await call('GET', path)
  return {
    get,
    post: async (path, body, headers) => await call('POST', path, body, headers),
    delete: async path => await call('DELETE', path),
    refreshed: async id => {
      const deadline = Date.now() + REFRESH_LIMIT_MS
      for (;;) {
        const { body } = await get(`/api/user_insights/${id}/refresh`)
        if (body.state === 'done') return await get(`/api/user_insights/${id}`)
        if (Date.now() > deadline) throw new Error(`Insight ${id} was not refreshed: ${JSON.stringify(body)}`)
        await delay(10)
      }
    }
  }
}
