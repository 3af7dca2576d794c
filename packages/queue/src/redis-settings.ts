import { AppError, isAppError } from '@insights/shared'
import type { Redis } from 'ioredis'
import type { QueueLog } from './port.js'
import { unavailable, withoutDetails } from './queue-errors.js'
import { isRefusal } from './redis-client.js'
import { withTimeLimit } from './time-limit.js'

/** The oldest Redis that BullMQ is made for: major and minor. */
const OLDEST_VERSION = [6, 2] as const

const ASK_LIMIT_MS = 1_000

const POLICY_REMEDY = 'run CONFIG SET maxmemory-policy noeviction on it, and set the same in its configuration file or ' +
  "in its provider's settings"

/**
 * Sees to it that Redis is set up to carry jobs. One that evicts them or is too old is refused; one that keeps them in
 * memory alone, or does not let itself be asked, is warned about.
 */
export class RedisSettings {
  readonly #log: QueueLog
  #isRefusalLogged = false

  constructor (log: QueueLog) {
    this.#log = log
  }

  /**
   * Resolves also when Redis can not be asked.
   * @throws AppError `INS_CONFIG_INVALID` when Redis is not fit to carry jobs
   */
  async assertFit (redis: Redis): Promise<void> {
    const info = await this.#ask(redis)
    if (info === null) return
    const faults = findFaults(info)
    if (faults.length > 0) {
      throw new AppError('INS_CONFIG_INVALID', `REDIS_URL names a server that can not carry the jobs: ${faults.join('; ')}.`)
    }
    if (settingOf(info, 'aof_enabled') === '0') await this.#warnUnlessSaved(redis)
  }

  /** The same for one that the service runs on already: what would have been thrown is logged. Never rejects. */
  async report (redis: Redis): Promise<void> {
    try {
      await this.assertFit(redis)
    } catch (error) {
      this.#log.error({}, isAppError(error) ? error.message : 'The settings of Redis could not be checked')
    }
  }

  async #ask (redis: Redis): Promise<string | null> {
    try {
      return await withTimeLimit(ASK_LIMIT_MS, unavailable('Redis did not tell its settings in time'), async () => await redis.info())
    } catch (error) {
      // A connection that broke meanwhile is reported as such, and the next one is asked again.
      if (isRefusal(error) && !this.#isRefusalLogged) {
        this.#isRefusalLogged = true
        this.#log.warn({ err: withoutDetails(error) },
          'The user of Redis may not run INFO: whether its settings are safe for jobs is not known')
      }
      return null
    }
  }

  async #warnUnlessSaved (redis: Redis): Promise<void> {
    const save = await redis.config('GET', 'save').then(reply => String((reply as string[])[1]), () => 'not known')
    if (save !== '' && save !== 'not known') return
    this.#log.warn({ appendonly: 'no', save }, 'Redis loses waiting jobs when it stops: set its appendonly to yes')
  }
}

/** What makes a Redis unfit, each with its remedy. What `info` does not tell counts as right. */
export function findFaults (info: string): string[] {
  const policy = settingOf(info, 'maxmemory_policy') ?? 'noeviction'
  const version = settingOf(info, 'redis_version')
  return [
    ...(policy === 'noeviction' ? [] : [`its maxmemory-policy ${policy} lets it evict them: ${POLICY_REMEDY}`]),
    ...(version === undefined || isNewEnough(version) ? [] : [`its version is ${version}: use ${OLDEST_VERSION.join('.')} or later`])
  ]
}

function isNewEnough (version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor >= OLDEST_VERSION[1])
}

function settingOf (info: string, name: string): string | undefined {
  const line = info.split(/\r?\n/).find(line => line.startsWith(`${name}:`))
  return line?.slice(name.length + 1)
}
