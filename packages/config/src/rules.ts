import type { VariableFault } from './given.js'
import { MAX_YOUTUBE_INTERVAL_SECONDS } from './platform-variables.js'
import { PLATFORM_CREDENTIALS, type PlatformCredentials } from './platform-credentials.js'
import type { VariableName } from './schema.js'

/**
 * Finds what variables get wrong together. `textOf` gives the text of a variable or its default, '' if it is set but
 * could not be read, and `undefined` if it is not set. With `needsServices` the embedded settings are a fault.
 */
export function checkRules (
  textOf: (name: VariableName) => string | undefined, needsServices: boolean
): VariableFault[] {
  const isSet = (name: VariableName) => textOf(name) !== undefined
  return [
    ...(needsServices ? checkServices(textOf('STORAGE'), textOf('QUEUE')) : checkModes(textOf('STORAGE'), textOf('QUEUE'))),
    ...((needsServices || textOf('STORAGE') === 'mongo') && !isSet('MONGO_URL') ? [missing('MONGO_URL', 'STORAGE=mongo')] : []),
    ...((needsServices || textOf('QUEUE') === 'redis') && !isSet('REDIS_URL') ? [missing('REDIS_URL', 'QUEUE=redis')] : []),
    ...Object.values(PLATFORM_CREDENTIALS).flatMap(set => checkCredentials(set, isSet)),
    ...checkRetention(Number(textOf('YOUTUBE_INTERVAL_SECONDS')), Number(textOf('YOUTUBE_RETENTION_DAYS')))
  ]
}

/** What could not be read is 0 or not a number here, and has its own fault, as has an interval out of its range. */
function checkRetention (intervalSeconds: number, days: number): VariableFault[] {
  const isTooLong = days > 0 && intervalSeconds > (days - 1) * 86_400 && intervalSeconds <= MAX_YOUTUBE_INTERVAL_SECONDS
  if (!isTooLong) return []
  return [{
    variable: 'YOUTUBE_INTERVAL_SECONDS',
    line: 'YOUTUBE_INTERVAL_SECONDS must be at least a day (86400) shorter than YOUTUBE_RETENTION_DAYS: counts would be removed before they are fetched again'
  }]
}

function checkModes (storage: string | undefined, queue: string | undefined): VariableFault[] {
  const isHalfMode = (storage === 'mongo' && queue === 'embedded') || (storage === 'embedded' && queue === 'redis')
  if (!isHalfMode) return []
  return [{
    variable: 'STORAGE',
    line: 'STORAGE and QUEUE must be embedded and embedded, or mongo and redis: the embedded queue lives in the embedded ' +
      'database, which is opened by one process, so neither half works with the other\'s'
  }]
}

function checkServices (storage: string | undefined, queue: string | undefined): VariableFault[] {
  const reason = 'for this process: the embedded database can be opened by one process alone, which npm start runs'
  return [
    ...(storage === 'embedded' ? [{ variable: 'STORAGE' as const, line: `STORAGE must be mongo ${reason}` }] : []),
    ...(queue === 'embedded' ? [{ variable: 'QUEUE' as const, line: `QUEUE must be redis ${reason}` }] : [])
  ]
}

function checkCredentials (set: PlatformCredentials, isSet: (name: VariableName) => boolean): VariableFault[] {
  const given = [...set.required, ...set.optional].filter(isSet)
  if (given.length === 0) return []
  return set.required.filter(name => !isSet(name)).map(name => missing(name, given.join(' and ')))
}

function missing (variable: VariableName, because: string): VariableFault {
  return { variable, line: `${variable} must be set to go with ${because}` }
}
