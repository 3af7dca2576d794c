import { createHmac } from 'node:crypto'
import { SANDBOX_CREDENTIALS } from './credentials.js'
import { decode, jsonAnswer, listOf, type Answer, type Call, type Damage, type StandIn, type World } from './exchange.js'
import type { GraphBudget } from './graph-budget.js'
import { GRAPH_ERRORS, graphError, type GraphErrorName } from './graph-errors.js'

const MAX_PARTS = 50

const TOKEN_ERRORS = {
  valid: null,
  expired: '190/463',
  invalid: '190/467',
  app_removed: '190/458',
  checkpoint: '190/459',
  password_changed: '190/460',
  role_lost: '190/492'
} as const satisfies Record<string, GraphErrorName | null>

/** One GET, alone or as a part of a batch. */
export interface GraphRequest {
  /** The path without slashes around it: a page id, an account id, an alias. */
  node: string
  fields: string
}

/** What a node answers: its fields, or an error and the id it is about. */
export type GraphResult = { value: object } | { error: GraphErrorName, about: string }

/** What is Facebook's or Instagram's own about the Graph API. */
export interface GraphNodes {
  platform: 'facebook' | 'instagram'
  budget: () => GraphBudget
  read: (request: GraphRequest) => GraphResult
  /** The id that a request is about, as sent; `null` when it names none. */
  idOf: (request: GraphRequest) => string | null
  /** Which permission is missing for every node; `null` = none. */
  missingPermission: () => GraphErrorName | null
}

interface Part {
  status: number
  text: string
}

/** The Graph API: single GETs and batches of them, tokens, the app's budget. Costs one call per part. */
export function createGraph ({ clock, settings }: World, nodes: GraphNodes): StandIn {
  const { platform, budget } = nodes

  function answer (call: Call, damage: Damage): Answer {
    if (call.query.has('ids')) return { ...removedIds(), cost: 1 }
    const token = tokenError(call) ?? proofError(call)
    if (token !== null && (settings.values.graph.tokenErrorLevel === 'call' || !isBatch(call))) return failed(token)
    const blocked = budget().blockedBy()
    if (blocked !== null && (settings.values.graph.throttleLevel === 'call' || !isBatch(call))) {
      budget().spend()
      return { ...failed(blocked), cost: 1 }
    }
    return isBatch(call) ? batch(call, damage, token) : single(call)
  }

  function single (call: Call): Answer {
    if (call.method !== 'GET') return failed('100')
    const { status, text } = part(singleRequest(call), null)
    return { status, text, headers: { ...jsonAnswer(status, null).headers, ...usage() }, cost: 1 }
  }

  function batch (call: Call, damage: Damage, token: GraphErrorName | null): Answer {
    const operations = operationsOf(call)
    if (operations === null || operations.length === 0) return failed('100')
    if (operations.length > MAX_PARTS) return jsonAnswer(400, { error: tooManyParts() })
    const withHeaders = call.form.get('include_headers') !== 'false'
    const parts = operations.map(operation => damagedPart(operation, damage, token))
    const value = parts.map(part => part && { code: part.status, ...withHeaders && { headers: partHeaders() }, body: part.text })
    return jsonAnswer(200, value, { headers: usage(), cost: operations.length })
  }

  function damagedPart (operation: unknown, damage: Damage, token: GraphErrorName | null): Part | null {
    const request = requestOf(relativeUrlOf(operation) ?? '')
    const id = nodes.idOf(request) ?? ''
    const hit = damage.parts.find(({ ids }) => ids.length === 0 || ids.includes(id))
    const good = part(relativeUrlOf(operation) === null ? null : request, token)
    if (hit === undefined) return good
    if (hit.kind === 'null') return null
    if (hit.kind === 'error') return errorPart(hit.error as GraphErrorName, id)
    return { status: 200, text: good.text.slice(0, Math.ceil(good.text.length / 2)) }
  }

  /** Every part is a call of its own: it is counted, and refused when the budget ends in the middle of a batch. */
  function part (request: GraphRequest | null, token: GraphErrorName | null): Part {
    if (token !== null) return errorPart(token)
    const refusal = budget().spend() ?? nodes.missingPermission()
    const id = request === null ? '' : nodes.idOf(request) ?? request.node
    if (refusal !== null) return errorPart(refusal, id)
    if (request === null || request.node === '') return errorPart('100')
    const result = nodes.read(request)
    return 'error' in result ? errorPart(result.error, result.about) : { status: 200, text: JSON.stringify(result.value) }
  }

  function errorPart (name: GraphErrorName, id = ''): Part {
    const { status, value } = graphError(name, id, settings.values.graph)
    return { status, text: JSON.stringify(value) }
  }

  function failed (name: GraphErrorName): Answer {
    const { status, value } = graphError(name, '', settings.values.graph)
    return jsonAnswer(status, value, { headers: usage() })
  }

  function tokenError (call: Call): GraphErrorName | null {
    const { token, tokenExpiresAt } = settings.values[platform]
    if (givenToken(call) !== SANDBOX_CREDENTIALS[platform].accessToken) return '190'
    if (tokenExpiresAt > 0 && clock.now() >= tokenExpiresAt) return '190/463'
    return TOKEN_ERRORS[token]
  }

  /** A proof that is sent is checked, as the platform does; an app can demand one with every call. */
  function proofError (call: Call): GraphErrorName | null {
    const given = call.form.get('appsecret_proof') ?? call.query.get('appsecret_proof')
    if (given === null) return settings.values[platform].proofRequired ? '100/proof_missing' : null
    const { accessToken, appSecret } = SANDBOX_CREDENTIALS[platform]
    return given === createHmac('sha256', appSecret).update(accessToken).digest('hex') ? null : '100/proof_invalid'
  }

  /** Per cent of the budget, sent once there is something to tell. */
  function usage (): Record<string, string> {
    const used = budget().percentUsed()
    const business = settings.values.graph.businessUsagePercent
    const app = { call_count: used, total_time: Math.floor(used / 2), total_cputime: Math.floor(used / 2) }
    return {
      ...used > 0 && { 'x-app-usage': JSON.stringify(app) },
      ...business > 0 && { 'x-business-use-case-usage': JSON.stringify({ 1: [businessUsage(business)] }) }
    }
  }

  function businessUsage (percent: number): object {
    const type = platform === 'facebook' ? 'pages' : 'instagram'
    const minutes = percent >= 100 ? 15 : 0
    return { type, call_count: percent, total_cputime: 0, total_time: 0, estimated_time_to_regain_access: minutes }
  }

  return {
    platform,
    idsOf: call => {
      if (call.query.has('ids')) return listOf(call.query.get('ids'))
      const requests = isBatch(call)
        ? (operationsOf(call) ?? []).map(operation => requestOf(relativeUrlOf(operation) ?? ''))
        : [singleRequest(call)]
      return requests.map(nodes.idOf).filter(id => id !== null)
    },
    answer,
    errorNames: Object.keys(GRAPH_ERRORS),
    error: name => failed(name as GraphErrorName),
    reset: () => budget().clear()
  }
}

/** `GET /?ids=` left every version in October 2026; a repeat is answered the same, in spite of the 500. */
function removedIds (): Answer {
  return jsonAnswer(500, { error: { message: 'The ids query parameter is deprecated in v26.0+.', code: 100 } })
}

function tooManyParts (): object {
  return { message: `Too many requests in batch message. Maximum batch size is ${MAX_PARTS}`, type: 'GraphBatchException' }
}

function partHeaders (): object[] {
  return [{ name: 'Content-Type', value: 'application/json; charset=UTF-8' }]
}

function isBatch (call: Call): boolean {
  return call.method === 'POST' && call.path === '/'
}

function givenToken (call: Call): string | null {
  const bearer = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1]
  return bearer ?? call.form.get('access_token') ?? call.query.get('access_token')
}

function operationsOf (call: Call): unknown[] | null {
  try {
    const operations: unknown = JSON.parse(call.form.get('batch') ?? call.query.get('batch') ?? '')
    return Array.isArray(operations) ? operations : null
  } catch {
    // Not JSON: the platform answers that with an error of its own.
    return null
  }
}

/** The address of a part, or `null` when the part is no GET. */
function relativeUrlOf (operation: unknown): string | null {
  const { method, relative_url: url } = Object(operation) as Record<string, unknown>
  return method === 'GET' && typeof url === 'string' ? url : null
}

function requestOf (url: string): GraphRequest {
  const [path = '', ...query] = url.split('?')
  const node = withoutSlashes(decode(path)).replace(/^v\d+\.\d+(?:\/|$)/, '')
  return { node, fields: new URLSearchParams(query.join('?')).get('fields') ?? '' }
}

function singleRequest (call: Call): GraphRequest {
  return { node: withoutSlashes(call.path), fields: call.query.get('fields') ?? '' }
}

function withoutSlashes (path: string): string {
  return path.replace(/^\/+|\/+$/g, '')
}
