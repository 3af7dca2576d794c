import { readFileSync } from 'node:fs'
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { OpenAPIV3_1 as OpenApi } from 'openapi-types'
import { ProblemSchema } from '../problem.js'
import { findFaults, type RegisteredRoute } from './check.js'
import { completeOperation, hoistNamed, hoistProblems } from './complete.js'
import { TAGS } from './describe.js'
import { ANSWER_HEADERS } from './headers.js'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

const INTRODUCTION = `Gathers follower and play counts of performing artists and turns them into one explainable score.

**Tokens.** Send \`Authorization: Token <token>\` or \`Authorization: Bearer <token>\`. The scope that a call needs stands in its security; \`admin\` includes the others.

**Bodies** are JSON, \`application/x-www-form-urlencoded\` or \`multipart/form-data\`, in UTF-8; in forms lists are JSON text. A field that does not exist is a fault.

**Errors** are \`application/problem+json\` (RFC 9457). Branch on \`code\`; \`errors\` lists every fault of a request, not only the first.

**Times** are RFC 3339 in UTC. What is not known is null, never 0. New fields may be added to answers at any time.

**Paths** may end with a slash. Each path with GET has HEAD too, and every path answers OPTIONS with \`Allow\`; a method that a path lacks is a 405.

**Limits.** A 429 or 503 says in \`Retry-After\` when to come back; \`RateLimit\` says what is left before that.`

/** What the generator is given: the frame of the document, and what is done to each route. */
export function openApiOptions (): FastifyDynamicSwaggerOptions {
  const routes: RegisteredRoute[] = []
  return {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Insights', version, description: INTRODUCTION, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          token: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'The word Token, a space, and the token' },
          bearer: { type: 'http', scheme: 'bearer', description: 'The token as a bearer token' },
          basic: { type: 'http', scheme: 'basic', description: 'For browsers: any user name, the token as password' }
        },
        headers: ANSWER_HEADERS,
        schemas: { Problem: ProblemSchema as object }
      }
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => {
      const { operationId, summary, description, tags, params, querystring, headers, body, documentedBody, consumes, response, hide } = Object(schema) as RegisteredRoute['schema'] & { hide?: boolean }
      // Fastify adds HEAD to each GET; the introduction says so for all of them.
      if (hide === true) return { schema: { hide: true }, url }
      routes.push({ method: String(route.method), url, schema: Object(schema), config: route.config })
      const shown = { operationId, summary, description, tags, params, querystring, headers, body: documentedBody ?? body, consumes, response }
      return { schema: Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined)), url }
    },
    transformObject: given => {
      const document = (given as unknown as { openapiObject: OpenApi.Document }).openapiObject
      const faults = findFaults(routes)
      if (faults.length > 0) throw new Error(`The routes do not say all that docs/openapi.json needs:\n${faults.join('\n')}`)
      const operations = routes.map(route => completeOperation(operationOf(document, route), route))
      hoistProblems(document, operations)
      hoistNamed(document)
      return document as ReturnType<NonNullable<FastifyDynamicSwaggerOptions['transformObject']>>
    }
  }
}

function operationOf ({ paths }: OpenApi.Document, { method, url }: RegisteredRoute): OpenApi.OperationObject {
  const path = url.replace(/:(\w+)/g, '{$1}')
  const operation = paths?.[path]?.[method.toLowerCase() as OpenApi.HttpMethods]
  if (operation === undefined) throw new Error(`The document lacks ${method} ${path}`)
  return operation
}
