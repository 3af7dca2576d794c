import t from 'tap'
import { Type } from '@sinclair/typebox'
import { checkTexts } from '../src/check.js'

t.test('texts are converted and defaults are filled in', async t => {
  const schema = Type.Object({ A: Type.Integer({ default: 7 }), B: Type.Integer(), C: Type.Optional(Type.String()) }, { additionalProperties: false })
  t.same(checkTexts(schema, new Map([['B', '010']])), { values: { A: 7, B: 10 } })
})

t.test('each variable that does not fit is named once', async t => {
  const schema = Type.Object({ A: Type.Integer({ minimum: 1 }), B: Type.String({ minLength: 3, format: 'digits' }), C: Type.Integer() })
  const checked = checkTexts(schema, new Map([['A', '0'], ['B', 'x'], ['C', '3']]))
  t.same('invalid' in checked && [...checked.invalid], ['A', 'B'])
})

t.test('no variable is taken from the process itself', async t => {
  process.env.INSIGHTS_CHECK_TEST = '5'
  t.teardown(() => { delete process.env.INSIGHTS_CHECK_TEST })
  const schema = Type.Object({ INSIGHTS_CHECK_TEST: Type.Optional(Type.Integer()) })
  t.same(checkTexts(schema, new Map()), { values: {} })
})

t.test('a mistake in the schema is not blamed on the environment', async t => {
  const schema = Type.Object({ A: Type.String({ format: 'no-such-format' }) })
  t.throws(() => checkTexts(schema, new Map([['A', 'a']])), /no-such-format/)
})
