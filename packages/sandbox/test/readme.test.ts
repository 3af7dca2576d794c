import { readFileSync } from 'node:fs'
import { PLATFORMS } from '@insights/shared'
import t from 'tap'
import { ENTITY_STATES, SANDBOX_CREDENTIALS } from '../src/index.js'
import { open } from './requests.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

t.test('the README names every setting, state, error and credential', async t => {
  const sandbox = await open(t)
  const names = [
    ...Object.values(sandbox.settings.values).flatMap(area => Object.keys(area)),
    ...PLATFORMS.flatMap(platform => [...ENTITY_STATES[platform], ...sandbox.faults.errorNames(platform)]),
    ...Object.entries(SANDBOX_CREDENTIALS).flatMap(([, credentials]) => Object.values<string>(credentials))
  ]
  t.ok(names.length > 100)
  t.same(names.filter(name => !readme.includes(`\`${name}\``)), [])
})

t.test('the control calls that the README shows are answered', async t => {
  const sandbox = await open(t)
  const shown = [...readme.matchAll(/^curl (?:-X (\w+) )?localhost:4600(\S+)(?: -d '(.+)')?$/gm)]
  t.equal(shown.length, 4)
  for (const [line, method = 'GET', path, body] of shown) {
    const response = await fetch(sandbox.url + path, { method, ...body !== undefined && { body } })
    t.equal(response.status, 200, line)
    await response.text()
  }
})
