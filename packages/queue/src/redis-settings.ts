import type { Redis } from 'ioredis'
import type { QueueLog } from './port.js'
import { withoutDetails } from './queue-errors.js'

/** Asks Redis how it is set up, and logs loudly when it can lose jobs: by evicting them, or with its process. */
export function checkRedisSettings (redis: Redis, log: QueueLog): void {
  redis.info().then(
    info => { reportSettings(info, log) },
    (error: unknown) => { log.warn({ err: withoutDetails(error) }, 'The settings of Redis could not be checked') }
  )
}

function reportSettings (info: string, log: QueueLog): void {
  const policy = settingOf(info, 'maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction') {
    log.error({ maxmemory_policy: policy }, 'Redis may evict jobs: set its maxmemory-policy to noeviction')
  }
  if (settingOf(info, 'aof_enabled') === '0') {
    log.warn({}, 'Redis loses waiting jobs when it stops: set its appendonly to yes')
  }
}

function settingOf (info: string, name: string): string | undefined {
  const line = info.split(/\r?\n/).find(line => line.startsWith(`${name}:`))
  return line?.slice(name.length + 1)
}
