// Loaded before all else by each process that runs a test file; `.taprc` says so. Tap registers three module loaders
// there: for TypeScript, for mocks, and to note what was loaded. Each reads every module once more, also those of
// packages, and together they took two seconds of processor time per test file. The last one goes on into every child
// process. Nothing here mocks modules, and what is noted serves the coverage alone, so the one of test-loader.js takes
// their place, except where coverage is measured.
'use strict'
const module_ = require('node:module')
const { pathToFileURL } = require('node:url')
const { isMainThread } = require('node:worker_threads')

const OF_TAP = /[/\\]@tapjs[/\\](mock|processinfo)[/\\]/

if (isMainThread && process.env._TAPJS_PROCESSINFO_COVERAGE_ !== '1') {
  // Tap's own switches: leave TypeScript alone, and note nothing of this process.
  process.env.TAP_TYPE_STRIP_ONLY = '1'
  process.env.__TAPJS_PROCESSINFO_TESTING_NO_REGISTER__ = String(process.pid)
  const { register } = module_
  register(pathToFileURL(require.resolve('./test-loader.js')))
  module_.register = (specifier, ...rest) => {
    if (!OF_TAP.test(String(specifier))) register(specifier, ...rest)
  }
  module_.syncBuiltinESMExports()
}
