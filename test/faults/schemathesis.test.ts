import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { createApiClient, findRedis, startService } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { findMongo } from '@insights/testkit/mongo-server'
import { t } from 'tap'
import { findTool } from '../support/find-tool.js'
import { openProductionStack, TOKEN } from '../support/production-stack.js'

type Tap = import('tap').Test

const SEED = 1
const LEAST_CASES = 2_000

/**
 * What an answer must be like, whatever was sent. Whether a request was rightly accepted or refused is no question here:
 * the document does not say all that JSON Schema can not, and forms take more spellings than it shows.
 */
const CHECKS = [
  'not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance',
  'response_schema_conformance', 'unsupported_method', 'allow_header_conformance', 'use_after_free', 'ignored_auth'
]

/** These could end the token that the requests are sent with, so they come last, and not after a list of tokens. */
const OF_TOKENS = ['revokeToken', 'rotateToken']
const selections = [
  { name: 'all other calls', args: OF_TOKENS.flatMap(id => ['--exclude-operation-id', id]) },
  { name: 'the calls that end tokens', args: [...OF_TOKENS.flatMap(id => ['--include-operation-id', id]), '--phases', 'examples,coverage,fuzzing'] }
]

/** Neither limit is what is looked for here, and both would end it early. */
const WITHOUT_LIMITS = { RATE_LIMIT_PER_MINUTE: '0', MAX_EVENT_LOOP_DELAY_MILLISECONDS: '0' }

const tool = findTool('schemathesis')
if (tool === null && process.env['CI'] === 'true') throw new Error('There is no schemathesis on the PATH: pip install schemathesis')
const withoutTool = tool === null && 'no schemathesis on the PATH (pip install schemathesis)'
t.setTimeout(900_000)

/** The parts of its report that are read here. */
interface Report {
  seed: number
  stop_reason: string
  operations: { selected: number, tested: number }
  test_cases: { generated: number, errored: number }
  failures: unknown[]
  errors: unknown[]
}

async function run (t: Tap, url: string, args: string[]): Promise<{ report: Report, output: string }> {
  const directory = t.testdir()
  const path = join(directory, 'report.json')
  const output = await promisify(execFile)(tool ?? '', [
    'run', `${url}/openapi.json`, '--header', `Authorization: Token ${TOKEN}`, '--checks', CHECKS.join(','), ...args,
    '--seed', String(SEED), '--max-examples', '40', '--continue-on-failure', '--generation-database', 'none', '--no-color',
    '--report', 'json', '--report-json-path', path
  ], {
    cwd: directory,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', SCHEMATHESIS_HOOKS: resolve(import.meta.dirname, '../support/ndjson_serializer.py') },
    maxBuffer: 64 * 1024 * 1024
  }).then(({ stdout }) => stdout, (error: { stdout?: string, stderr?: string }) => `${error.stdout ?? ''}${error.stderr ?? ''}`)
  return { report: JSON.parse(await readFile(path, 'utf8').catch(() => { throw new Error(`There is no report: ${output}`) })), output }
}

async function standsUpTo (t: Tap, url: string): Promise<void> {
  let cases = 0
  for (const { name, args } of selections) {
    await t.test(name, async t => {
      const { report, output } = await run(t, url, args)
      const isClean = t.same([report.failures, report.errors], [[], []], 'no failures and no errors')
      if (!isClean) t.comment(output)
      t.match(report, { stop_reason: 'completed', seed: SEED, test_cases: { errored: 0 } })
      t.equal(report.operations.tested, report.operations.selected)
      t.comment(`${name}: ${report.test_cases.generated} cases with seed ${report.seed}`)
      cases += report.test_cases.generated
    })
  }
  t.ok(cases >= LEAST_CASES, `${cases} cases`)
  t.equal((await createApiClient(url, TOKEN).get('/api/tokens')).status, 200, 'its token was good to the end')
}

t.test('requests made from the OpenAPI document find no 5xx and nothing undocumented on the embedded database', { skip: withoutTool }, async t => {
  const service = await startService({ node: ['apps/standalone/dist/main.js'], env: { DATA_DIR: await makeDataDirectory(t), BOOTSTRAP_TOKEN: TOKEN, ...WITHOUT_LIMITS } })
  t.teardown(async () => { await service.end('SIGKILL') })
  await standsUpTo(t, service.url)
})

t.test('nor on MongoDB and Redis', { skip: withoutTool === false ? findMongo().skipOwn || findRedis().skipOwn : withoutTool }, async t => {
  const stack = await openProductionStack(t)
  const { url } = await stack.startApi(t, WITHOUT_LIMITS)
  await standsUpTo(t, url)
})
