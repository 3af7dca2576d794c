/** What is read of an OpenAPI document here. */
type Json = Record<string, any>

/** An answer, with the names of its headers in lower case. */
export interface Answered {
  method: string
  /** With or without a query. */
  url: string
  status: number
  headers: Readonly<Record<string, unknown>>
  body: string
}

/** Headers of the connection and of the body, which say nothing of ours, and those of browsers' own rules. */
const AMBIENT = /^(connection|content-length|content-type|date|keep-alive|transfer-encoding|access-control-.*)$/

/** Headers that are there only with a limit, with origins, in a repeat, or while another request is under way. */
const NOT_ALWAYS = new Set(['ratelimit', 'ratelimit-policy', 'vary', 'idempotency-replayed'])

/**
 * Makes the function that compares answers with an OpenAPI document: status, code, media type and headers. It gives
 * every deviation as a sentence, and none for paths and methods that are no part of the document.
 */
export function createAnswerCheck (document: Json): (answered: Answered) => string[] {
  const resolve = (part: Json): Json => {
    const path: string | undefined = part['$ref']
    return path === undefined ? part : path.split('/').slice(1).reduce((value, key) => value[key], document)
  }
  return answered => {
    const { method, url, status } = answered
    const operation = findOperation(document, method, url)
    if (operation === null) return []
    const response: Json | undefined = operation['responses'][status]
    const found = response === undefined ? ['its status is not documented'] : deviationsOf(answered, resolve(response))
    return found.map(fault => `${method} ${url} is answered with ${status}: ${fault}`)
  }
}

/** A path that is spelled out goes before one with a placeholder. HEAD answers as GET. */
function findOperation ({ paths }: Json, method: string, url: string): Json | null {
  const segments = segmentsOf(url.split('?', 1)[0] ?? '')
  const fitting = Object.keys(paths).filter(path => {
    const pattern = segmentsOf(path)
    return pattern.length === segments.length && pattern.every((part, index) => part.startsWith('{') || part === segments[index])
  })
  const path = fitting.find(path => !path.includes('{')) ?? fitting[0]
  return path === undefined ? null : paths[path][method === 'HEAD' ? 'get' : method.toLowerCase()] ?? null
}

function segmentsOf (path: string): string[] {
  return path.replace(/\/$/, '').split('/')
}

function deviationsOf ({ method, status, headers, body }: Answered, response: Json): string[] {
  const documented = Object.keys(response['headers'] ?? {})
  const isSure = (name: string): boolean => !NOT_ALWAYS.has(name) && !(status === 409 && name === 'retry-after')
  return [
    ...Object.keys(headers).filter(name => !AMBIENT.test(name) && !documented.includes(name)).map(name => `its header ${name} is not documented`),
    ...documented.filter(name => isSure(name) && headers[name] === undefined).map(name => `it lacks the header ${name}`),
    ...(method === 'HEAD' || body === '' ? [] : deviationsOfBody(String(headers['content-type']), body, response))
  ]
}

function deviationsOfBody (contentType: string, body: string, { content = {} }: Json): string[] {
  const type = contentType.split(';', 1)[0] ?? ''
  const media: Json | undefined = content[type]
  if (media === undefined) return [`its media type ${type} is not documented`]
  const codes: string[] | undefined = media['schema']?.allOf?.[1]?.properties?.code?.enum
  if (codes === undefined) return []
  const { code } = JSON.parse(body)
  return codes.includes(code) ? [] : [`its code ${String(code)} is not documented`]
}
