type LogMethod = (details: object, message: string) => void

/** The part of a pino logger that the packages use, so that none of them depends on a logging library. */
export interface Log {
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
}
