import { execFileSync } from 'node:child_process'
import { t } from 'tap'

interface Place { line: number }

t.test('processes that a test starts load no module of the test runner', async t => {
  const options = execFileSync(process.execPath, ['-p', 'process.env.NODE_OPTIONS'], { env: {} })
  t.equal(String(options).trim(), 'undefined')
})

t.test('a stack names the line of the TypeScript', async t => {
  const { line }: Place = { line: Number(/test-loader\.test\.ts:(\d+)/.exec(new Error('here').stack ?? '')?.[1]) }
  t.equal(line, 12)
})
