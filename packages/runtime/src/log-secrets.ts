import { TOKEN_PREFIX } from '@insights/shared'

/** Deeper chains of causes than this explain nothing more. */
const MAX_CAUSES = 5

/** A token of our making, whole or cut short. */
const TOKEN = new RegExp(`${TOKEN_PREFIX}[\\w-]{8,}`, 'g')

/** User and password of an address: everything up to the last @ before a space or a quote. Passwords come unescaped too. */
const USER_INFO = /\b(mongodb(?:\+srv)?|rediss?|postgres(?:ql)?|https?):\/\/[^\s"'\\]*@/gi

/** An error as it is logged. */
export interface LoggedError {
  type: string
  message: string
  code?: string | number
  stack?: string
  cause?: LoggedError
  /** Those that an `AggregateError` stands for. */
  errors?: LoggedError[]
}

/**
 * Of an error what helps to find it: type, code, message, stack, and the same of its causes. Everything else stays
 * out: drivers hang commands with passwords in them on theirs, and HTTP libraries requests with their headers.
 */
export function toLoggedError (error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'Something that is no error was thrown' }
  const { name, message, stack, cause } = error
  const { code, errors } = error as { code?: unknown, errors?: unknown }
  const isDeep = depth >= MAX_CAUSES
  return {
    type: name,
    message,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && !isDeep && { cause: toLoggedError(cause, depth + 1) }),
    ...(Array.isArray(errors) && !isDeep && { errors: errors.slice(0, MAX_CAUSES).map(one => toLoggedError(one, depth + 1)) })
  }
}

/** A line of the log without what looks like a secret in it. The last resort: nothing should bring one there. */
export function blackOutSecrets (line: string): string {
  return line.replace(TOKEN, `${TOKEN_PREFIX}[redacted]`).replace(USER_INFO, '$1://[redacted]@')
}
