import { readFileSync } from 'node:fs'
import { t } from 'tap'

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, { version?: string, resolved?: string, dev?: boolean, link?: boolean, optionalDependencies?: Record<string, string> }>
}

/**
 * The lowest versions that may be installed, wherever in the tree. Below them are holes that were found and mended, or
 * faults that lose work; a registry without an answer to `npm audit` would not tell.
 */
const FLOORS: Record<string, [version: string, reason: string]> = {
  fastify: ['5.12.6', 'validation can be bypassed (CVE-2026-25223, -33806, -84428, -107832)'],
  mongoose: ['9.9.2', 'filters get through unsanitised (CVE-2026-42334, -125120)'],
  undici: ['7.30.2', 'request smuggling and leaks between requests (CVE-2026-1525 and later)'],
  ajv: ['8.18.0', 'a pattern from data blocks the process (CVE-2025-69873)'],
  bullmq: ['6.7.0', 'a worker can hang after a Redis outage, or miss its wake-up on PostgreSQL'],
  '@electric-sql/pglite': ['0.5.16', 'the version that the embedded store was measured on']
}
function isBelow (version: string, floor: string): boolean {
  const [a = [], b = []] = [version, floor].map(text => text.split('-')[0]?.split('.').map(Number))
  const at = b.findIndex((part, index) => part !== a[index])
  return at !== -1 && (a[at] ?? 0) < (b[at] ?? 0)
}

const installed = Object.entries(lock.packages).filter(([path, entry]) => path.includes('node_modules/') && entry.link !== true)
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

t.test('versions compare as numbers', async t => {
  t.ok(isBelow('5.9.9', '5.12.6'))
  t.ok(isBelow('4.99.99', '5.0.0'))
  t.notOk(isBelow('5.12.6', '5.12.6'))
  t.notOk(isBelow('6.0.0', '5.12.6'))
})

for (const [name, [floor, reason]] of Object.entries(FLOORS)) {
  t.test(`${name} is at least ${floor}: ${reason}`, async t => {
    // Tools may keep an older one for themselves: they never see a request.
    const copies = installed.filter(([path, { dev }]) => nameOf(path) === name && dev !== true)
    t.ok(copies.length > 0, 'it is installed')
    for (const [path, { version = '0' }] of copies) t.notOk(isBelow(version, floor), `${path} is ${version}`)
  })
}

t.test('the lock file is complete for every platform', async t => {
  for (const [path, { optionalDependencies = {} }] of installed) {
    for (const name of Object.keys(optionalDependencies)) {
      const isLocked = `${path}/node_modules/${name}` in lock.packages || `node_modules/${name}` in lock.packages
      t.ok(isLocked, `${nameOf(path)} may want ${name}`)
    }
  }
})

t.test('the lock file pins contents and names no registry of ours', async t => {
  const hosts = new Set(installed.flatMap(([, { resolved }]) => resolved === undefined ? [] : [new URL(resolved).host]))
  t.ok(hosts.size <= 1, `hosts: ${[...hosts].join(', ')}`)
})
