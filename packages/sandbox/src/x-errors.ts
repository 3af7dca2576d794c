import { jsonAnswer, type Answer } from './exchange.js'

export const PROBLEMS = 'https://api.twitter.com/2/problems'

interface ErrorShape {
  status: number
  body: object
}

const plain = (status: number, title: string): ErrorShape => ({ status, body: { title, type: 'about:blank', status, detail: title } })

/** Each trouble that X is known to report, by the name under which a fault asks for it. */
export const X_ERRORS = {
  unauthorized: plain(401, 'Unauthorized'),
  clientForbidden: {
    status: 403,
    body: {
      title: 'Client Forbidden',
      detail: 'When authenticating requests to the X API v2 endpoints, you must use keys and tokens from an enrolled app.',
      reason: 'client-not-enrolled',
      type: `${PROBLEMS}/client-forbidden`
    }
  },
  unsupportedAuthentication: {
    status: 403,
    body: {
      title: 'Unsupported Authentication',
      detail: 'Authenticating with this kind of token is forbidden for this endpoint.',
      type: `${PROBLEMS}/unsupported-authentication`,
      status: 403
    }
  },
  creditsDepleted: {
    status: 402,
    body: {
      // Above 2^53 on the wire, where it is a number; as text here so that it can be put there unharmed.
      account_id: '1234567890123456789',
      title: 'CreditsDepleted',
      detail: 'Your enrolled account [1234567890123456789] does not have any credits to fulfill this request.',
      type: `${PROBLEMS}/credits`
    }
  },
  tooManyRequests: plain(429, 'Too Many Requests'),
  rateLimit88: { status: 429, body: { errors: [{ code: 88, message: 'Rate limit exceeded' }] } },
  notFound: plain(404, 'Not Found'),
  internalError: plain(500, 'Internal Server Error'),
  badGateway: plain(502, 'Bad Gateway'),
  unavailable: plain(503, 'Service Unavailable'),
  gatewayTimeout: plain(504, 'Gateway Timeout')
} as const satisfies Record<string, ErrorShape>

export type XError = keyof typeof X_ERRORS

export function xError (name: XError): Answer {
  const { status, body } = X_ERRORS[name]
  const answer = jsonAnswer(status, body)
  return { ...answer, text: answer.text.replace(/"account_id":"(\d+)"/, '"account_id":$1') }
}

/** The cap on spending; `resetDate` is `YYYY-MM-DD`. */
export function spendCapError (resetDate: string): Answer {
  return jsonAnswer(403, {
    title: 'SpendCapReached',
    detail: 'Your enrolled account has reached its billing cycle spend cap.',
    reset_date: resetDate,
    type: `${PROBLEMS}/credits`
  })
}

/** One bad parameter fails the whole call. */
export function parameterError (parameter: string, values: string[], message: string): Answer {
  return jsonAnswer(400, {
    errors: [{ parameters: { [parameter]: values }, message }],
    title: 'Invalid Request',
    detail: 'One or more parameters to your request was invalid.',
    type: `${PROBLEMS}/invalid-request`
  })
}

/** Why one account of a call is not in `data`. */
export function missingUser (value: string, parameter: string): object {
  return {
    value,
    detail: `Could not find user with ${parameter}: [${value}].`,
    title: 'Not Found Error',
    resource_type: 'user',
    parameter,
    resource_id: value,
    type: `${PROBLEMS}/resource-not-found`
  }
}

export function suspendedUser (value: string, parameter: string): object {
  return { ...missingUser(value, parameter), detail: `User has been suspended: [${value}].`, title: 'Forbidden' }
}
