// Hooks of Node by which tests, and the sources that they import, run as the TypeScript that they are.
import { existsSync } from 'node:fs'
import { compiled } from './test-sources.js'

const isTypeScript = url => url.startsWith('file:') && url.endsWith('.ts')

export async function resolve (specifier, context, nextResolve) {
  if (/^\.\.?\/.*\.js$/.test(specifier) && isTypeScript(context.parentURL ?? '')) {
    const url = new URL(specifier.replace(/js$/, 'ts'), context.parentURL)
    if (existsSync(url)) return { url: url.href, format: 'module', shortCircuit: true }
  }
  return await nextResolve(specifier, context)
}

export async function load (url, context, nextLoad) {
  if (!isTypeScript(url)) return await nextLoad(url, context)
  return { format: 'module', source: compiled(url), shortCircuit: true }
}
