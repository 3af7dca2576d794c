import t from 'tap'
import { createToken } from '@insights/shared'
import { FORMATS, type FormatName } from '../src/formats.js'

const EXAMPLES: Record<FormatName, { good: string[], bad: string[] }> = {
  host: {
    good: ['127.0.0.1', '0.0.0.0', '::', '::1', 'fe80::1%eth0', 'localhost', 'db-1.example.com', '4f3a2b', 'my_host', `${'a'.repeat(63)}.b`],
    bad: ['256.1.1.1', '1.2.3', '80', 'http://localhost', 'localhost:80', '[::1]', 'a b', '-a', 'a-', 'a..b', '.a', 'a.', '/run/sock',
      'a'.repeat(64), `${'a.'.repeat(127)}b`]
  },
  path: { good: ['.', './data', '/var/lib/my data', 'd\u00e9j\u00e0'], bad: [' ', '\t\n'] },
  digits: { good: ['0', '17841405309211844'], bad: ['1a', '-1', '1.0', ' 1', '\u0661'] },
  credential: { good: ['a', '123|abc-_.~%+/=', '!~'], bad: ['a b', 'a\n', '\t', 'caf\u00e9', '\u007f'] },
  token: {
    good: ['a', 'a'.repeat(40), createToken(), 'token-ins_1'],
    bad: ['a b', 'caf\u00e9', 'ins_chosen-by-the-operator', createToken().slice(0, -1), 'ins_']
  },
  origins: {
    good: ['https://a.example', 'http://localhost:8080', 'https://a.example,https://b.example:8443', 'http://[::1]:3000'],
    bad: ['*', 'null', 'a.example', 'https://a.example/', 'https://a.example:443', 'https://A.example', 'https://a.example, https://b.example', 'https://a.example,',
      'https://u:p@a.example', 'ftp://a.example', 'https://a.example/app', 'https://*.example']
  },
  'http-url': {
    good: ['https://a.example', 'https://a.example:8443/v1/', 'HTTPS://A.example', 'http://localhost:1', 'http://127.0.0.1', 'http://127.255.0.9/x',
      'http://[::1]:9', 'http://[0:0:0:0:0:0:0:1]', 'https://10.0.0.1'],
    bad: ['a.example', 'ftp://a.example', 'https://', 'https:a.example', 'http://a.example', 'http://10.0.0.1', 'http://[::2]', 'http://127.0.0.1.example',
      'http://localhost.example', 'https://u@a.example', 'https://u:p@a.example', 'https://:p@a.example', 'https://a.example?x=1', 'https://a.example/?',
      'https://a.example#f', 'https://a.example:99999', 'https://a.example/a b', 'https://a.example\n', 'javascript:alert(1)']
  },
  'mongo-url': {
    good: ['mongodb://h', 'mongodb://h:27017/db', 'mongodb://u:p%40@a:1,b:2/db?replicaSet=rs', 'mongodb+srv://u:p@c.example/', 'mongodb://h?w=1'],
    bad: ['h:27017', 'mongo://h', 'mongodb://', 'mongodb:///db', 'mongodb://u:p@', 'mongodb://u:p@ss@h', 'mongodb://u:p/w@h', 'mongodb://h/d b', 'redis://h',
      'https://mongodb://h']
  },
  'redis-url': {
    good: ['redis://h', 'redis://h/', 'redis://h:6379/0', 'rediss://u:p%40@h', 'redis://:p@h/1', 'redis://[::1]:6379', 'rediss://my_redis.example:1/15',
      'redis+sentinel://u:p@a,b:26379,[fe80::1]:2/my%20master/4', 'rediss+sentinel://10.0.0.1/m', 'redis+cluster://a:1,b', 'rediss+cluster://u:p@a:1,b/'],
    bad: ['h:6379', 'http://h', 'redis://', 'redis:///0', 'redis://:p@', 'redis://:p@ss@h', 'redis://:p/w@h', 'redis://u:1/w@h', 'redis://h:x',
      'redis://h:99999', 'redis://h:0', 'redis://h /', 'redis://u@h', 'redis://:@h', 'redis://:p:w@h', 'redis://:%zz@h', 'redis://:%ff@h', 'redis://h/x', 'redis://h?db=1', 'redis://h#1',
      'redis://a,b', 'redis://::1', 'redis://[h]', 'redis://256.1.1.1', 'redis+sentinel://a', 'redis+sentinel://a/', 'redis+sentinel://a/m/x', 'redis+sentinel://a/m/1/2',
      'redis+sentinel://a,/m', 'redis+sentinel://a/%', 'redis+cluster://a/1', 'redis+cluster://a,,b', 'redis+other://a']
  }
}

for (const [name, { good, bad }] of Object.entries(EXAMPLES)) {
  const format = FORMATS[name as FormatName]
  t.test(`the format ${name} takes what it says and nothing else`, async t => {
    for (const text of good) t.equal(format.test(text), true, `takes ${JSON.stringify(text)}`)
    for (const text of bad) t.equal(format.test(text), false, `refuses ${JSON.stringify(text)}`)
  })
}
