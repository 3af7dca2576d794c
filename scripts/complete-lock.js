// Completes package-lock.json after `npm install`: a registry that does not serve the binaries of other platforms makes
// npm leave them out, and then every later `npm ci` fails, also elsewhere. Run it as `npm run complete-lock`; it
// changes nothing where nothing is missing.
import { readFileSync, writeFileSync } from 'node:fs'

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))

/** `@scope/name-linux-arm64` says for which system and processor it is. */
function platformOf (name) {
  const [, os, cpu] = /-(darwin|linux|win32)-(arm64|arm|x64)$/.exec(name) ?? []
  return os === undefined ? {} : { cpu: [cpu], os: [os] }
}

for (const [parent, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const isLocked = [`${parent}/node_modules/${name}`, `node_modules/${name}`].some(place => place in lock.packages)
    if (isLocked) continue
    if (!/^\d/.test(version)) throw new Error(`${parent} wants ${name} ${version}: only an exact version can be added`)
    lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), optional: true }
    console.log(`added ${name} ${version}`)
  }
}
const [root, ...rest] = Object.entries(lock.packages)
lock.packages = Object.fromEntries([root, ...rest.sort(([a], [b]) => a.localeCompare(b, 'en'))])
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
