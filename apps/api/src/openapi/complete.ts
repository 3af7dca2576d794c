import type { OpenAPIV3_1 as OpenApi } from 'openapi-types'
import { ERRORS, type ErrorCode } from '@insights/shared'
import { ANSWER, CODES, COMPONENT, type AnswerFacts } from '../routes/answer-schemas.js'
import { ACCEPTED_MEDIA_TYPES } from '../bodies/media-type.js'
import { PROBLEM_TYPE } from '../problem.js'
import type { RegisteredRoute } from './check.js'
import { nameOfHeader, OF_STATUS, ON_EVERY_ANSWER, ON_LIMITED_ANSWERS, REQUEST_HEADERS, type AnswerHeader, type RequestHeader } from './headers.js'
import { toFormSchema } from './form-schema.js'

/** A schema as the document has it: plain JSON. */
export type Json = Record<string, any>

const JSON_TYPE = 'application/json'
const FORM_TYPES: ReadonlySet<string> = new Set(ACCEPTED_MEDIA_TYPES.filter(type => type !== JSON_TYPE))

/** Adds to what the generator made of a route what it does not know of: security, headers, forms, problems, examples. */
export function completeOperation (operation: OpenApi.OperationObject, route: RegisteredRoute): OpenApi.OperationObject {
  const { schema, config } = route
  operation.security = securityOf(config)
  operation.parameters = completeParameters(operation.parameters ?? [], schema)
  if (operation.parameters.length === 0) delete operation.parameters
  if (operation.requestBody !== undefined) completeBody(operation.requestBody as OpenApi.RequestBodyObject, schema)
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    completeResponse(response as Json, Number(status), route)
  }
  return operation
}

function securityOf (config: RegisteredRoute['config']): OpenApi.SecurityRequirementObject[] {
  if (config?.scope === undefined) return []
  const schemes = ['token', 'bearer', ...(config.allowBasic === true ? ['basic'] : [])]
  return schemes.map(scheme => ({ [scheme]: [config.scope as string] }))
}

/** The part of an example that a kind of parameter is in. */
const SOURCES = { path: 'params', query: 'query', header: 'headers' } as const

function completeParameters (generated: unknown[], { requestHeaders = [], examples = {} }: RegisteredRoute['schema']): OpenApi.ParameterObject[] {
  const named = requestHeaders.map((name): OpenApi.ParameterObject => ({ name, in: 'header', required: false }))
  return [...generated as OpenApi.ParameterObject[], ...named].map(parameter => {
    const { in: place, name } = parameter
    const { example, ...facts }: Json = place === 'header' ? REQUEST_HEADERS[name as RequestHeader] ?? {} : {}
    const completed = { ...facts, ...parameter }
    addExamples(completed, Object.entries(examples).map(([exampleName, given]) =>
      [exampleName, (given[SOURCES[place as keyof typeof SOURCES]] as Json | undefined)?.[name]]))
    return completed
  })
}

function completeBody (body: OpenApi.RequestBodyObject, route: RegisteredRoute['schema']): void {
  const { consumes = ACCEPTED_MEDIA_TYPES, isBodyOptional = false, examples = {} } = route
  if (isBodyOptional) delete body.required
  const [first] = Object.values(body.content)
  body.content = Object.fromEntries(consumes.map(type =>
    [type, { schema: FORM_TYPES.has(type) ? toFormSchema(first?.schema as Json) : first?.schema }])) as typeof body.content
  const [media] = Object.values(body.content)
  addExamples(media as Json, Object.entries(examples).map(([name, { body, summary }]) => [name, body, summary]))
}

function completeResponse (response: Json, status: number, { schema, config }: RegisteredRoute): void {
  const declared: Json = schema.response?.[status] ?? {}
  const facts: AnswerFacts | undefined = declared[ANSWER]
  const codes: ErrorCode[] | undefined = declared[CODES]
  const isLimited = config?.scope !== undefined && schema.isUncounted !== true && status !== 401 && status !== 403 && status !== 431
  const headers = new Set<AnswerHeader>([
    ...(facts?.headers ?? []), ...(schema.problemHeaders?.[status] ?? []), ...(OF_STATUS[status] ?? []), ...(isLimited ? ON_LIMITED_ANSWERS : []), ...ON_EVERY_ANSWER
  ])
  response['headers'] = {}
  // The first one counts: what a route says of a header goes before what is said of it in general.
  for (const header of headers) response['headers'][nameOfHeader(header)] ??= { $ref: `#/components/headers/${header}` }
  if (codes !== undefined) Object.assign(response, problemResponse(status, codes))
  if (facts !== undefined) describeAnswer(response, facts)
  const shown = Object.entries(schema.examples ?? {}).filter(([, example]) => example.status === status)
  for (const [index, [type, media]] of Object.entries<Json>(response['content'] ?? {}).entries()) {
    const ofType = shown.filter(([, { answerType }]) => answerType === type || (answerType === undefined && index === 0))
    addExamples(media, ofType.map(([name, { answer, summary }]) => [name, answer, summary]))
  }
}

function describeAnswer (response: Json, { description, mediaTypes = [JSON_TYPE] }: AnswerFacts): void {
  response['description'] = description
  const [media] = Object.values(response['content'] ?? {}) as Json[]
  if (media !== undefined) response['content'] = Object.fromEntries(mediaTypes.map(type => [type, { ...media }]))
}

function problemResponse (status: number, codes: readonly ErrorCode[]): Json {
  const titles = codes.map(code => ERRORS[code].title)
  return {
    description: titles.join('. Or: '),
    content: {
      [PROBLEM_TYPE]: {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { status: { const: status }, code: { type: 'string', enum: [...codes] } }, required: ['status', 'code'] }
          ]
        }
      }
    }
  }
}

function addExamples (target: Json, entries: ReadonlyArray<readonly [name: string, value: unknown, summary?: string]>): void {
  const given = entries.filter(([, value]) => value !== undefined)
  if (given.length === 0) return
  target['examples'] = Object.fromEntries(given.map(([name, value, summary]) =>
    [name, { ...(summary !== undefined && { summary }), value }]))
}

/**
 * Moves the problems that several routes have in common to the components, under the names of their codes. Those with
 * examples of their own stay where they are.
 */
export function hoistProblems (document: OpenApi.Document, operations: readonly OpenApi.OperationObject[]): void {
  const shared: Json = {}
  for (const { responses = {} } of operations) {
    for (const [status, response] of Object.entries(responses as Record<string, Json>)) {
      const media: Json | undefined = response['content']?.[PROBLEM_TYPE]
      if (media === undefined || media['examples'] !== undefined) continue
      const codes: string[] = media['schema'].allOf[1].properties.code.enum
      const name = [...codes, ...('ratelimit' in response['headers'] ? ['limited'] : [])].join('.')
      if (JSON.stringify(shared[name] ??= response) !== JSON.stringify(response)) continue
      responses[status] = { $ref: `#/components/responses/${name}` }
    }
  }
  document.components = { ...document.components, responses: Object.fromEntries(Object.entries(shared).sort(([a], [b]) => a < b ? -1 : 1)) }
}

/**
 * Moves every schema that has a name of its own to the components, and leaves a reference in its place.
 *
 * @throws Error when two different schemas have one name.
 */
export function hoistNamed (document: OpenApi.Document): void {
  const components = (document.components ??= {})
  const schemas: Json = (components.schemas ??= {})
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit)
    if (value === null || typeof value !== 'object') return value
    const { [COMPONENT]: name, [ANSWER]: facts, [CODES]: codes, ...rest } = value as Json
    const visited = Object.fromEntries(Object.entries(rest).map(([key, member]) => [key, visit(member)]))
    if (typeof name !== 'string') return visited
    const known = schemas[name]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(visited)) throw new Error(`Two schemas have the name ${name}`)
    schemas[name] = visited
    return { $ref: `#/components/schemas/${name}` }
  }
  document.paths = visit(document.paths) as NonNullable<OpenApi.Document['paths']>
  components.schemas = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a < b ? -1 : 1))
}
