type LogMethod = (details: object, message: string) => void

/** The part of a pino logger that the packages use, so that none of them depends on a logging library. */
export interface Log {
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
}

/** The same log with these fields in every line; details of the same name win. */
export function withFields (log: Log, fields: object): Log {
  return {
    debug: (details, message) => { log.debug({ ...fields, ...details }, message) },
    info: (details, message) => { log.info({ ...fields, ...details }, message) },
    warn: (details, message) => { log.warn({ ...fields, ...details }, message) },
    error: (details, message) => { log.error({ ...fields, ...details }, message) }
  }
}
