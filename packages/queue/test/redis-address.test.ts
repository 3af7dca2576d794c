import { t } from 'tap'
import { parseRedisAddress } from '../src/redis-address.js'

const SERVER = { kind: 'server', isTls: false, hosts: [{ host: 'h', port: 6379 }], login: {}, masterName: '' }

t.test('every form of address is read', async t => {
  const forms: Record<string, object> = {
    'redis://h': SERVER,
    'redis://h/': SERVER,
    'rediss://h:6380/3': { ...SERVER, isTls: true, hosts: [{ host: 'h', port: 6380 }], login: { db: 3 } },
    'redis://[::1]:7': { ...SERVER, hosts: [{ host: '::1', port: 7 }] },
    'redis://:p%40%3A%2F%3F%23@h/1': { ...SERVER, login: { password: 'p@:/?#', db: 1 } },
    'redis://a%3Ab:%25@h': { ...SERVER, login: { username: 'a:b', password: '%' } },
    'redis+sentinel://u:p@a,b:1,[fe80::1]:2/my%20master/4': {
      kind: 'sentinel',
      isTls: false,
      hosts: [{ host: 'a', port: 26379 }, { host: 'b', port: 1 }, { host: 'fe80::1', port: 2 }],
      login: { username: 'u', password: 'p', db: 4 },
      masterName: 'my master'
    },
    'rediss+sentinel://a/m': { kind: 'sentinel', isTls: true, hosts: [{ host: 'a', port: 26379 }], login: {}, masterName: 'm' },
    'rediss+cluster://u:p@a:1,b/': {
      kind: 'cluster', isTls: true, hosts: [{ host: 'a', port: 1 }, { host: 'b', port: 6379 }], login: { username: 'u', password: 'p' }, masterName: ''
    }
  }
  for (const [url, address] of Object.entries(forms)) t.strictSame(parseRedisAddress(url), address, url)
})

t.test('what is no address is refused without being repeated', async t => {
  const texts = ['', 'h:6379', 'http://h', 'redis://', 'redis:///0', 'redis://:@h', 'redis://u@h', 'redis://:p@', 'redis://:p@ss@h', 'redis://:p/w@h',
    'redis://:p:w@h', 'redis://:%zz@h', 'redis://:%ff@h', 'redis://h:x', 'redis://h:0', 'redis://h:99999', 'redis://h/x', 'redis://h?db=1', 'redis://h#1',
    'redis://a,b', 'redis://::1', 'redis+sentinel://a', 'redis+sentinel://a/', 'redis+sentinel://a/m/x', 'redis+sentinel://a,/m', 'redis+cluster://a/1',
    'redis+other://a', 'redis+cluster://a,,b']
  for (const text of texts) {
    t.throws(() => parseRedisAddress(text), { code: 'INS_CONFIG_INVALID', message: /^REDIS_URL is no address of Redis: docs/ }, text)
  }
})
