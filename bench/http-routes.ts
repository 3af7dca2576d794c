import type { Answer } from './bare-servers/answers.js'
import type { Request } from './load.js'
import { buildBody } from './sample-insights.js'
import type { Service } from './workbench.js'

const INSIGHTS = '/api/user_insights'

/** A call whose rate is measured. */
export interface Route {
  name: string
  method: Request['method']
  path: string
  body?: Request['body']
  /** As the frameworks write paths; the same as `path` where nothing in it varies. */
  pattern?: string
}

/** What a page has unless something else is asked for. */
export const PAGE = 20

/** The two calls that are held against both servers, with their latencies. */
export function mainRoutes (id: number): Route[] {
  return [
    { name: 'GET', method: 'GET', path: `${INSIGHTS}/${id}`, pattern: `${INSIGHTS}/:id` },
    { name: 'POST', method: 'POST', path: `${INSIGHTS}/`, body: JSON.stringify(buildBody(1)) }
  ]
}

/**
 * The other calls that hosts make often. Each PATCH changes something, and nothing that a platform is asked for, in an
 * insight that no other call reads.
 */
export function otherRoutes (id: number, patched: number): Route[] {
  let connects = 0
  return [
    { name: `list of ${PAGE}`, method: 'GET', path: INSIGHTS },
    { name: 'refresh state', method: 'GET', path: `${INSIGHTS}/${id}/refresh`, pattern: `${INSIGHTS}/:id/refresh` },
    { name: 'score', method: 'GET', path: `${INSIGHTS}/${id}/score`, pattern: `${INSIGHTS}/:id/score` },
    { name: 'what-if', method: 'POST', path: '/api/score', body: JSON.stringify({ ...buildBody(1), twitter_followers_count: 4546 }) },
    { name: 'PATCH', method: 'PATCH', path: `${INSIGHTS}/${patched}`, pattern: `${INSIGHTS}/:id`, body: () => JSON.stringify({ connects: ++connects }) }
  ]
}

export function toRequest ({ method, path, body }: Route, url: string, token: string): Request {
  return {
    url: url + path,
    method,
    headers: { authorization: `Token ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body })
  }
}

/** What a server answers to a call, to be answered again by one that does nothing else. */
export async function askOnce (route: Route, { url, token }: Service): Promise<Answer> {
  const { headers, body } = toRequest(route, url, token)
  const sent = typeof body === 'function' ? body() : body
  const response = await fetch(url + route.path, { method: route.method, headers, ...(sent !== undefined && { body: sent }) })
  return { method: route.method, path: route.pattern ?? route.path, status: response.status, body: await response.json() }
}
