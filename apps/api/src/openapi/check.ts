import type { RouteOptions } from 'fastify'
import type { TSchema } from '@sinclair/typebox'
import { ANSWER, CODES } from '../routes/answer-schemas.js'
import type { Example, RouteDescription } from './describe.js'

/** A route as it was registered, with what `describe` said of it, if that was used. */
export interface RegisteredRoute {
  method: string
  url: string
  schema: Partial<RouteDescription>
  config: RouteOptions['config']
}

/** What every answer behind a token may be; a route that lacks one did not use `responses`. */
const COMMON_STATUSES = [400, 401, 403, 408, 429, 431, 500, 503]

/**
 * What the document can not do without and the route does not say, each as a sentence with the remedy. A route that is
 * no part of the API says `hide: true` in its schema.
 */
export function findFaults (routes: readonly RegisteredRoute[]): string[] {
  const ids = routes.map(({ schema }) => schema.operationId)
  return routes.flatMap(route => {
    const faults = [...faultsOfWords(route), ...faultsOfAnswers(route), ...faultsOfExamples(route)]
    if (ids.indexOf(route.schema.operationId) !== ids.lastIndexOf(route.schema.operationId)) faults.push('has an operationId that is there twice')
    return faults.map(fault => `${route.method} ${route.url} ${fault}`)
  })
}

function faultsOfWords ({ url, schema, config }: RegisteredRoute): string[] {
  const { operationId = '', summary = '', tags = [], params } = schema
  const unnamed = [...url.matchAll(/:(\w+)/g)].filter(([, name = '']) => params?.properties[name] === undefined)
  return [
    ...(/^[a-z][a-zA-Z]+$/.test(operationId) ? [] : ['needs an operationId in camel case: pass its schema through describe']),
    ...(/^[A-Z][^\n]*[^.\n]$/.test(summary) ? [] : ['needs a summary: one line with a capital and without a full stop']),
    ...(tags.length === 1 ? [] : ['needs one tag']),
    ...(config?.scope !== undefined || config?.isPublic === true ? [] : ['needs config.scope, or config.isPublic if nobody has to sign in']),
    ...unnamed.map(([placeholder]) => `has ${placeholder} in its path and not in the schema of its params`)
  ]
}

/** Fastify reads what is sent with these, whether or not the route looks at it. */
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

function faultsOfAnswers ({ method, schema: { response = {} }, config }: RegisteredRoute): string[] {
  const needed = [...(config?.scope === undefined ? [] : COMMON_STATUSES), ...(METHODS_WITH_BODY.has(method) ? [413, 415] : [])]
  return [
    ...needed.filter(status => response[status] === undefined)
      .map(status => `can be answered with ${status}: build its responses with responses(…)${status < 429 && status > 408 ? ' and bodyCodes' : ''}`),
    ...Object.entries(response).flatMap(([status, answered]) => isDescribed(Number(status), answered)
      ? []
      : [`does not say what its ${status} is: ${Number(status) < 400 ? 'make it with answer(…)' : 'name its codes in responses(…)'}`]),
    ...(Object.keys(response).some(status => Number(status) < 300) ? [] : ['has no answer that is a success'])
  ]
}

function isDescribed (status: number, answered: TSchema): boolean {
  return status < 400 ? answered[ANSWER] !== undefined : answered[CODES] !== undefined
}

function faultsOfExamples ({ schema: { response = {}, examples = {}, body, documentedBody = body } }: RegisteredRoute): string[] {
  const entries = Object.entries(examples)
  const isShown = entries.some(([, { status }]) => status < 400)
  return [
    ...(isShown ? [] : ['needs an example of a request that succeeds']),
    ...entries.flatMap(([name, example]) => faultsOfExample(name, example, response, documentedBody !== undefined).map(fault => `has an example ${name} ${fault}`))
  ]
}

function faultsOfExample (name: string, { status, summary, body }: Example, response: Record<number, TSchema>, takesBody: boolean): string[] {
  return [
    ...(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) ? [] : ['whose name is not in kebab case']),
    ...(summary === '' ? ['without a summary'] : []),
    ...(response[status] === undefined ? [`with the status ${status}, which the route does not have`] : []),
    ...(body !== undefined && !takesBody ? ['with a body, which the route does not take'] : [])
  ]
}
