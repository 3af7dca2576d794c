interface GraphError {
  message: string
  type: string
  error_subcode?: number
  error_user_title?: string
  error_user_msg?: string
  status?: number
}

const OAUTH = 'OAuthException'
const CANNOT_LOAD = 'does not exist, cannot be loaded due to missing permissions, or does not support this operation. ' +
  'Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api'
const PAGE_FEATURE = "This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' " +
  "feature or the 'Page Public Metadata Access' feature."

const expired = (subcode: number, message: string): GraphError => ({ message, type: OAUTH, error_subcode: subcode })
const oauth = (message: string): GraphError => ({ message, type: OAUTH })

/**
 * Each trouble of the Graph API, by code or `code/subcode`; `{id}` stands for the id asked for.
 * The status is 400 unless said otherwise here or in the settings.
 */
export const GRAPH_ERRORS = {
  1: { ...oauth('An unknown error occurred'), status: 500 },
  2: { ...oauth('Service temporarily unavailable'), status: 500 },
  3: oauth('(#3) Application does not have the capability to make this API call.'),
  4: oauth('(#4) Application request limit reached'),
  10: oauth(`(#10) ${PAGE_FEATURE}`),
  17: oauth('(#17) User request limit reached'),
  32: oauth('(#32) Page request limit reached'),
  100: oauth('(#100) Invalid parameter'),
  '100/33': { message: `Unsupported get request. Object with ID '{id}' ${CANNOT_LOAD}`, type: 'GraphMethodException', error_subcode: 33 },
  '100/feature': oauth('(#100) Object does not exist, cannot be loaded due to missing permission or reviewable feature, or ' +
    'does not support this operation.'),
  '100/field': oauth('(#100) Tried accessing nonexisting field ({id}) on node type (Page)'),
  '100/proof_missing': { message: 'API calls from the server require an appsecret_proof argument', type: 'GraphMethodException' },
  '100/proof_invalid': { message: 'Invalid appsecret_proof provided in the API argument', type: 'GraphMethodException' },
  '100/syntax': oauth('(#100) Syntax error in the fields parameter'),
  '100/instagram_login': oauth('(#100) Tried accessing nonexisting field (business_discovery) on node type (IGUser)'),
  102: oauth('(#102) Session key invalid or no longer valid'),
  '110/2207013': {
    message: 'Invalid user id',
    // The type is that of a refused token although nothing is wrong with it: the code decides.
    type: OAUTH,
    error_subcode: 2207013,
    error_user_title: 'Cannot find User',
    error_user_msg: 'The user with username: {id} cannot be found.'
  },
  190: oauth('Invalid OAuth access token - Cannot parse access token'),
  '190/458': expired(458, 'Error validating access token: The user has not authorized application 1.'),
  '190/459': expired(459, 'Error validating access token: You cannot access the app till you log in and follow the instructions given.'),
  '190/460': expired(460, 'Error validating access token: The session has been invalidated because the user changed their password.'),
  '190/463': expired(463, 'Error validating access token: Session has expired.'),
  '190/467': expired(467, 'The access token is invalid.'),
  '190/492': expired(492, 'Error validating access token: The user no longer has a role on the Page.'),
  200: oauth('(#200) Permissions error'),
  341: oauth('(#341) Feed action request limit reached'),
  368: oauth('(#368) The action attempted has been deemed abusive or is otherwise disallowed'),
  613: oauth('(#613) Calls to this api have exceeded the rate limit.'),
  '613/1996': expired(1996, '(#613) Calls to this api have exceeded the rate limit: irregular volume.'),
  80001: oauth('(#80001) There have been too many calls to this Page account. Wait a bit and try again.'),
  80002: oauth('(#80002) There have been too many calls to this Instagram account. Wait a bit and try again.'),
  803: oauth('(#803) Some of the aliases you requested do not exist: {id}')
} as const satisfies Record<string, GraphError>

export type GraphErrorName = `${keyof typeof GRAPH_ERRORS}`

const THROTTLES = [4, 17, 32, 341, 613, 80001, 80002]

/** Statuses that the platform is not settled about, from the settings. */
export interface GraphStatuses {
  throttleStatus: number
  tokenErrorStatus: number
  aliasStatus: number
}

/** Status and body of an error, the same at the top of an answer and inside a part of a batch. */
export function graphError (name: string, id: string, statuses: GraphStatuses): { status: number, value: object } {
  const found: GraphError = GRAPH_ERRORS[name as keyof typeof GRAPH_ERRORS]
  const { status, message, error_user_msg: userMessage, ...others } = found
  const code = Number.parseInt(name, 10)
  const error = {
    message: message.replace('{id}', () => id),
    ...others,
    code,
    ...(code <= 2 || code === 110) && { is_transient: code <= 2 },
    ...userMessage !== undefined && { error_user_msg: userMessage.replace('{id}', () => id) },
    fbtrace_id: 'SandboxTrace'
  }
  return { status: status ?? statusOf(code, statuses), value: { error } }
}

function statusOf (code: number, statuses: GraphStatuses): number {
  if (code === 190) return statuses.tokenErrorStatus
  if (code === 803) return statuses.aliasStatus
  return THROTTLES.includes(code) ? statuses.throttleStatus : 400
}
