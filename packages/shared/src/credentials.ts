import { AppError } from './errors.js'

const SCHEMES = 'Send the header Authorization: Token <token>, or Authorization: Bearer <token>.'
const SCHEMES_WITH_BASIC = `${SCHEMES} A browser signs in with any user name and the token as password.`

/**
 * The token in an `Authorization` header. Where `allowBasic` says so, HTTP Basic is understood as well: it is what
 * browsers ask people for, with any user name and the token as the password.
 *
 * @throws `INS_AUTH_MISSING`, `INS_AUTH_INVALID`; neither message holds any of the header.
 */
export function readCredentials (header: string | undefined, allowBasic: boolean): string {
  const remedy = allowBasic ? SCHEMES_WITH_BASIC : SCHEMES
  if (header === undefined || header.trim() === '') throw new AppError('INS_AUTH_MISSING', remedy)
  const [, scheme = '', credentials = ''] = /^(token|bearer|basic) +(\S+)$/i.exec(header.trim()) ?? []
  const token = scheme.toLowerCase() === 'basic' ? (allowBasic ? passwordOf(credentials) : '') : credentials
  if (token === '') throw new AppError('INS_AUTH_INVALID', remedy)
  return token
}

/** A user name can not hold a colon, a password can. */
function passwordOf (credentials: string): string {
  const text = Buffer.from(credentials, 'base64').toString('utf8')
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : ''
}
