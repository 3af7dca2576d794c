import { AppError } from '@insights/shared'
import type { RedisOptions } from 'ioredis'

export interface RedisHost {
  host: string
  port: number
}

/** Where Redis is and how it is entered: one server, directly or as found by Sentinels, or a cluster. */
export interface RedisAddress {
  kind: 'server' | 'sentinel' | 'cluster'
  isTls: boolean
  /** The server, the Sentinels or some nodes of the cluster; at least one. */
  hosts: readonly RedisHost[]
  /** User, password and database, for Redis itself and not for the Sentinels. */
  login: Pick<RedisOptions, 'username' | 'password' | 'db'>
  /** What the Sentinels call the master; empty without them. */
  masterName: string
}

const URL_FORM = /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^:@/?#]*):(?<password>[^:@/?#]+)@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?$/
const HOST_FORM = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[^:[\]]+))(?::(?<port>[0-9]{1,5}))?$/i
const PATH_FORMS = {
  server: /^(?<db>[0-9]*)$/,
  sentinel: /^(?<master>[^/]+)(?:\/(?<db>[0-9]*))?$/,
  cluster: /^$/
}
const SENTINEL_PORT = 26_379
const REDIS_PORT = 6_379

/**
 * Reads the address of Redis: `redis://[user:password@]host[:port][/database]`, or, with a list of hosts,
 * `redis+sentinel://[user:password@]hosts/master name[/database]` or `redis+cluster://[user:password@]hosts`; `rediss`
 * in place of `redis` means TLS. User, password and master name are percent-encoded.
 * @throws AppError `INS_CONFIG_INVALID`, whose message does not repeat the address
 */
export function parseRedisAddress (url: string): RedisAddress {
  const { tls, kind = 'server', user = '', password = '', hosts = '', path = '' } = URL_FORM.exec(url)?.groups ?? {}
  const form = kind as RedisAddress['kind']
  const { master = '', db = '' } = match(PATH_FORMS[form], path)
  const names = hosts.split(',')
  if (form === 'server' && names.length > 1) throw invalid()
  return {
    kind: form,
    isTls: tls === 's',
    hosts: names.map(host => toHost(host, form === 'sentinel' ? SENTINEL_PORT : REDIS_PORT)),
    login: {
      ...(user !== '' && { username: decode(user) }),
      ...(password !== '' && { password: decode(password) }),
      ...(db !== '' && { db: Number(db) })
    },
    masterName: decode(master)
  }
}

function toHost (text: string, defaultPort: number): RedisHost {
  const { v6, name = '', port } = match(HOST_FORM, text)
  const number = Number(port ?? defaultPort)
  if (number < 1 || number > 65_535) throw invalid()
  return { host: v6 ?? name, port: number }
}

function match (form: RegExp, text: string): Partial<Record<string, string>> {
  const found = form.exec(text)
  if (found === null) throw invalid()
  return found.groups ?? {}
}

function decode (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that begins no code.
    throw invalid()
  }
}

function invalid (): AppError {
  return new AppError('INS_CONFIG_INVALID', 'REDIS_URL is no address of Redis: docs/operations.md has the forms it can have.')
}
