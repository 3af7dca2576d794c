import t from 'tap'
import { EnvironmentSchema, listVariables } from '../src/schema.js'

t.test('every variable is listed once', async t => {
  t.same(listVariables().map(variable => variable.name), Object.keys(EnvironmentSchema.properties))
})

t.test('the variables of an area follow one another', async t => {
  const areas = listVariables().map(variable => variable.area)
  const changes = areas.filter((area, index) => area !== areas[index - 1])
  t.same(changes, ['Server', 'Limits', 'Dashboard', 'Store and queue', 'Refreshes', 'YouTube', 'SoundCloud', 'X', 'Facebook', 'Instagram', 'Facebook and Instagram'])
})

t.test('every variable has one sentence of description', async t => {
  for (const { name, description } of listVariables()) t.match(description, /^[A-Z][^.]*(\.[^ ][^.]*)*\.$/, name)
})

t.test('no secret has a default', async t => {
  t.same(listVariables().filter(variable => variable.secret && variable.default !== null), [])
})

t.test('a unit stands at the end of the name of its variable and in what it accepts', async t => {
  for (const { name, unit, accepts } of listVariables()) {
    const suffix = /_(DAYS|MILLISECONDS|SECONDS|BYTES)$/.exec(name)?.[1]?.toLowerCase() ?? null
    t.equal(unit, suffix, name)
    if (unit !== null) t.match(accepts, `(${unit})`)
  }
})

t.test('a variable is described as documents show it', async t => {
  t.has(listVariables().find(variable => variable.name === 'PORT'), {
    area: 'Server', type: 'integer', accepts: 'a whole number from 0 to 65535', unit: null, default: '3000', secret: false
  })
  t.has(listVariables().find(variable => variable.name === 'X_BEARER_TOKEN'), {
    area: 'X', type: 'string', accepts: 'visible ASCII characters without spaces', unit: null, default: null, secret: true
  })
})
