import { t } from 'tap'
import { withFields, type Log } from '../src/log.js'

t.test('every line has the fields, and details of the same name win', async t => {
  const lines: unknown[] = []
  const at = (level: string) => (details: object, message: string): void => { lines.push([level, details, message]) }
  const log = withFields({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, { job_id: '7', attempt: 1 })
  for (const level of ['debug', 'info', 'warn', 'error'] satisfies Array<keyof Log>) log[level]({ attempt: 2 }, 'done')
  t.same(lines, ['debug', 'info', 'warn', 'error'].map(level => [level, { job_id: '7', attempt: 2 }, 'done']))
})
