import { pino, type DestinationStream, type Logger } from 'pino'
import { blackOutSecrets, toLoggedError } from './log-secrets.js'

/** Names under which a secret may come into a log line, at the top or one level down. */
const SECRET_NAMES = ['authorization', 'cookie', 'token', 'password', 'apiKey', 'accessToken', 'bearerToken', 'clientSecret', 'appSecret']

/**
 * Opens the log of a process: JSON lines, levels by name, times in UTC. Secrets are kept out three times over: fields
 * of telling names are blacked out, of errors only what helps is written, and what looks like a token or like the
 * user and password of an address is blacked out wherever it stands in a line.
 *
 * `destination`: where the lines go, by default standard output.
 */
export function openLog (level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: toLoggedError },
    redact: { paths: SECRET_NAMES.flatMap(name => [name, `*.${name}`, `*.headers.${name}`]), censor: '[redacted]' },
    hooks: { streamWrite: blackOutSecrets }
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
