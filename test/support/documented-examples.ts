import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** What is read of docs/openapi.json here. */
type Json = Record<string, any>

/** A request of the OpenAPI document with its answer; what belongs together has one name there. */
export interface DocumentedExample {
  operationId: string
  method: string
  /** With the values of the example in place of its parameters. */
  path: string
  name: string
  scope: string | null
  headers: Record<string, string>
  body: { mediaType: string, value: unknown } | null
  /** Those that the example may end with: one, unless it has no answer that could be shown. */
  statuses: number[]
  /** `undefined`: the answer is not shown. */
  answer: unknown
  /** The media type that the answer is shown with. */
  answerType: string | null
}

export const DOCUMENT: Json = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../docs/openapi.json'), 'utf8'))

/** Every example of the document, those that change nothing first, those that erase last. */
export function documentedExamples (): DocumentedExample[] {
  const examples = Object.entries<Json>(DOCUMENT['paths']).flatMap(([path, item]) =>
    Object.entries<Json>(item).flatMap(([method, operation]) => examplesOf(method.toUpperCase(), path, operation)))
  const order = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
  return examples.sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method))
}

function examplesOf (method: string, path: string, operation: Json): DocumentedExample[] {
  const responses = Object.entries<Json>(operation['responses']).map(([status, response]) => [Number(status), resolved(response)] as const)
  const parameters: Json[] = operation['parameters'] ?? []
  const [[mediaType = '', media = {}] = []] = Object.entries<Json>(operation['requestBody']?.content ?? {})
  const shown = responses.flatMap(([status, response]) => Object.entries<Json>(response['content'] ?? {})
    .flatMap(([type, { examples = {} }]) => Object.entries<Json>(examples).map(([name, { value }]) => ({ name, status, type, value }))))
  const names = new Set([
    ...shown.map(({ name }) => name), ...parameters.flatMap(({ examples = {} }) => Object.keys(examples)), ...Object.keys(media['examples'] ?? {})
  ])
  // A call whose only example shows neither a request nor an answer.
  if (names.size === 0) names.add('plain')
  return [...names].map(name => {
    const answer = shown.find(example => example.name === name)
    const valueOf = (parameter: Json): unknown => parameter['examples']?.[name]?.value
    const given = parameters.filter(parameter => valueOf(parameter) !== undefined)
    const query = given.filter(({ in: place }) => place === 'query').map((parameter): [string, string] => [parameter['name'], String(valueOf(parameter))])
    return {
      operationId: operation['operationId'],
      method,
      path: path.replace(/\{(\w+)\}/g, (_, key: string) => String(valueOf(parameters.find(({ in: place, name }) => place === 'path' && name === key) ?? {}))) +
        (query.length === 0 ? '' : `?${String(new URLSearchParams(query))}`),
      name,
      scope: (Object.values(operation['security'][0] ?? {})[0] as string[] | undefined)?.[0] ?? null,
      headers: Object.fromEntries(given.filter(({ in: place }) => place === 'header').map(parameter => [parameter['name'], String(valueOf(parameter))])),
      body: media['examples']?.[name] === undefined ? null : { mediaType, value: media['examples'][name].value },
      statuses: answer !== undefined ? [answer.status] : responses.map(([status]) => status).filter(status => status < 400),
      answer: answer?.value,
      answerType: answer?.type ?? null
    }
  })
}

function resolved (part: Json): Json {
  const path: string | undefined = part['$ref']
  return path === undefined ? part : path.split('/').slice(1).reduce((value, key) => value[key], DOCUMENT)
}
