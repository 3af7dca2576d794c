import { existsSync } from 'node:fs'
import { t } from 'tap'
import { makeTestDirectory } from '../src/data-directory.js'

t.test('the directory of a test is there until its teardowns are done, and not longer', async t => {
  let [directory, wasThere] = ['', false]
  await t.test('a test', async t => {
    directory = makeTestDirectory(t)
    t.teardown(() => { wasThere = existsSync(directory) })
  })
  t.ok(wasThere)
  t.notOk(existsSync(directory))
})
