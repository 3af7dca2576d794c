/** A header as the OpenAPI document describes it. */
interface HeaderFacts {
  description: string
  schema: { type: 'string' | 'integer', pattern?: string, minimum?: number }
  example: string | number
}

/**
 * The headers of answers. Those of `ON_EVERY_ANSWER` and of problems need not be named by a route. What one means may
 * depend on the route: then what stands behind the dot tells which it is, and is no part of its name.
 */
export const ANSWER_HEADERS = {
  'x-request-id': {
    description: 'Names the request in the log; the one that was sent, if any',
    schema: { type: 'string' },
    example: '4c6f6e13-fea2-455c-a37d-567f358a6265'
  },
  'cache-control': {
    description: 'Answers change: they are not to be kept',
    schema: { type: 'string' },
    example: 'no-store'
  },
  'cache-control.model': {
    description: 'A model may be kept for a minute, by whoever asked for it',
    schema: { type: 'string' },
    example: 'private, max-age=60'
  },
  'x-content-type-options': {
    description: 'Nobody is to guess what the bytes are',
    schema: { type: 'string' },
    example: 'nosniff'
  },
  vary: {
    description: 'The headers of the request that the answer depends on: accept for an export, Origin where pages of other origins are let in; absent otherwise',
    schema: { type: 'string' },
    example: 'accept, Origin'
  },
  'ratelimit-policy': {
    description: 'Requests `q` that a token may make in `w` seconds; absent without a limit',
    schema: { type: 'string' },
    example: '"default";q=60000;w=60'
  },
  ratelimit: {
    description: 'Requests `r` that are left for the next `t` seconds; absent without a limit',
    schema: { type: 'string' },
    example: '"default";r=59999;t=60'
  },
  'retry-after': {
    description: 'Whole seconds after which a repeat makes sense',
    schema: { type: 'integer', minimum: 1 },
    example: 2
  },
  'www-authenticate': {
    description: 'The schemes in which a token can be sent',
    schema: { type: 'string' },
    example: 'Token realm="insights", Bearer realm="insights"'
  },
  location: {
    description: 'The path of what was made, or its address where the operator has set the one of the service',
    schema: { type: 'string' },
    example: '/api/user_insights/1'
  },
  etag: {
    description: 'Names the state of the fields that clients set; counts and score do not change it',
    schema: { type: 'string' },
    example: '"1"'
  },
  'etag.model': {
    description: 'Names the answer as it is: another one has another tag',
    schema: { type: 'string' },
    example: '"kU3FZ0e1Tq8Xw5c2bN9dRg"'
  },
  'last-modified': {
    description: 'When anything in the answer has last changed, counts included; in the first five seconds after a change a second earlier than that',
    schema: { type: 'string' },
    example: 'Mon, 23 Nov 2026 16:44:20 GMT'
  },
  'idempotency-replayed': {
    description: 'true where this is the answer that was given to the first request with this Idempotency-Key; absent otherwise',
    schema: { type: 'string' },
    example: 'true'
  },
  'content-disposition': {
    description: 'A name for the file to save the answer in',
    schema: { type: 'string' },
    example: 'attachment; filename="insights.ndjson"'
  },
  'accept-patch': {
    description: 'The media types that PATCH takes',
    schema: { type: 'string' },
    example: 'application/merge-patch+json, application/json'
  }
} as const satisfies Record<string, HeaderFacts>

export type AnswerHeader = keyof typeof ANSWER_HEADERS

/** The name under which a header is sent. */
export function nameOfHeader (header: AnswerHeader): string {
  return header.split('.', 1)[0] ?? header
}

export const ON_EVERY_ANSWER: readonly AnswerHeader[] = ['x-request-id', 'cache-control', 'x-content-type-options', 'vary']

/** Where a token is needed and is within its limit. */
export const ON_LIMITED_ANSWERS: readonly AnswerHeader[] = ['ratelimit-policy', 'ratelimit']

/** Headers that belong to a status whatever the route. */
export const OF_STATUS: Readonly<Record<number, readonly AnswerHeader[]>> = {
  401: ['www-authenticate'],
  429: ['retry-after'],
  503: ['retry-after']
}

/** The headers of requests that have a meaning of ours; a route names those that it reads. */
export const REQUEST_HEADERS = {
  'idempotency-key': {
    description: 'A name for this request, made up by the client, new for each thing to be made: sent again with the same key and body within 24 hours, it makes nothing a second time. ' +
      '1 to 255 printable ASCII characters, in double quotes or without them. Keys of other tokens are other keys',
    schema: { type: 'string' },
    example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"'
  },
  'if-match': {
    description: 'The ETag of the state that is to be changed; any other state is a 412',
    schema: { type: 'string' },
    example: '"1"'
  },
  'if-none-match': {
    description: 'The ETag of the state that is known; it is then answered with 304',
    schema: { type: 'string' },
    example: '"1"'
  },
  'if-modified-since': {
    description: 'The Last-Modified of the answer that is known; if nothing has changed since, counts included, the answer is 304',
    schema: { type: 'string' },
    example: 'Mon, 23 Nov 2026 16:44:20 GMT'
  },
  'if-unmodified-since': {
    description: 'The Last-Modified of the state that is to be changed; a later one is a 412. A Last-Modified from the first five seconds after a change never fits. ' +
      'If-Match is more exact and goes before it',
    schema: { type: 'string' },
    example: 'Mon, 23 Nov 2026 16:44:20 GMT'
  }
} as const satisfies Record<string, HeaderFacts>

export type RequestHeader = keyof typeof REQUEST_HEADERS
