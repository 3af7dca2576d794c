import { pino, type Logger } from 'pino'

/** Names under which a secret may come into a log line, at the top or one level down. */
const SECRET_NAMES = ['authorization', 'cookie', 'token', 'password', 'apiKey', 'accessToken', 'bearerToken', 'clientSecret', 'appSecret']

/** Opens the log of a process: JSON lines on standard output, levels by name, times in UTC, secrets blacked out. */
export function openLog (level: string): Logger {
  return pino({
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    redact: { paths: SECRET_NAMES.flatMap(name => [name, `*.${name}`, `*.headers.${name}`]), censor: '[redacted]' }
  })
}
