import fc from 'fast-check'
import { t } from 'tap'
import type { InsightFields, Work } from '../src/insight.js'
import { defaultFields } from '../src/insight.js'
import { linkedSources, pendingSource, type SourceRecord } from '../src/source.js'
import { explain } from '../src/scoring/explain.js'
import { findModel, hashModel, INSIGHT_1, SCORING_MODELS, SIGNALS } from '../src/scoring/model.js'
import { formatScore, pointsOf, roundScore, score } from '../src/scoring/score.js'
import { toSignals } from '../src/scoring/signals.js'

interface Artist { fields: InsightFields, sources: SourceRecord[] }

const scoreOf = ({ fields, sources }: Artist): number => score(INSIGHT_1, toSignals(fields, sources, INSIGHT_1))

/** The records of these fields when the platforms said these counts, in the order of the links; `null` = unknown. */
function withCounts (fields: InsightFields, counts: ReadonlyArray<number | null>): Artist {
  const sources = linkedSources(fields).map((link, index): SourceRecord => {
    const count = counts[index] ?? null
    return { ...pendingSource(link), count, state: count === null ? 'stale' : 'ok' }
  })
  return { fields, sources }
}

const EXAMPLE_2: InsightFields = {
  ...defaultFields(),
  number_of_roles: 1,
  number_of_acts: 8,
  profile_views: 8,
  profile_searches: 7,
  connects: 2,
  facebook_page_id: '4546477',
  twitter_handle: 'gigpro',
  instagram_handle: 'gigpro',
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 },
    { item_id: 'l4WNrvVjiTw', source_type: 2, is_individual_work: false, in_app_plays: 30 }
  ]
}
/** In the order of `linkedSources`: YouTube, SoundCloud, X, Facebook, Instagram. */
const COUNTS_2 = [30, 230, 4546, 4546, 4564]

const EVERYTHING: InsightFields = {
  external_id: null,
  has_about: true,
  number_of_roles: 5,
  number_of_acts: 10,
  profile_views: 50_000,
  profile_searches: 50_000,
  connects: 10_000,
  facebook_page_id: '1',
  twitter_handle: 'x',
  instagram_handle: 'i',
  works: [{ item_id: 'a', source_type: 1, is_individual_work: true, in_app_plays: 100_000 }]
}

t.test('worked examples give their scores', async t => {
  const examples: Array<[string, Artist, string]> = [
    ['nothing known', withCounts(defaultFields(), []), '0.00'],
    ['two roles: 3 × ln 2 / ln 3.5', withCounts({ ...defaultFields(), number_of_roles: 2 }, []), '1.66'],
    ['the documented example', withCounts(EXAMPLE_2, COUNTS_2), '7.00'],
    ['the documented example before any platform answered', withCounts(EXAMPLE_2, []), '4.15'],
    ['an about text only', withCounts({ ...defaultFields(), has_about: true }, []), '4.00'],
    ['everything at its saturation', withCounts(EVERYTHING, [10_000_000, 5_000_000, 5_000_000, 5_000_000]), '100.00'],
    ['everything beyond it', withCounts({ ...EVERYTHING, connects: Number.MAX_SAFE_INTEGER }, Array(4).fill(Number.MAX_SAFE_INTEGER)), '100.00']
  ]
  for (const [title, artist, expected] of examples) t.equal(formatScore(scoreOf(artist)), expected, title)
})

t.test('the documented example earns 6.9999 points, rounded once to 7.00', async t => {
  const signals = toSignals(EXAMPLE_2, withCounts(EXAMPLE_2, COUNTS_2).sources, INSIGHT_1)
  const sum = INSIGHT_1.signals.reduce((sum, rule) => sum + pointsOf(rule, signals[rule.signal].value), 0)
  t.equal(sum.toFixed(4), '6.9999')
  t.equal(formatScore(score(INSIGHT_1, signals)), '7.00')
})

t.test('sums are rounded half up and kept within the model', async t => {
  t.equal(roundScore(INSIGHT_1, 0.125), 0.13)
  t.equal(roundScore(INSIGHT_1, 0.124), 0.12)
  t.equal(roundScore(INSIGHT_1, 100.00000000000001), 100)
  t.equal(roundScore(INSIGHT_1, -1), 0)
})

t.test('the model is complete and unchanged', async t => {
  t.same(INSIGHT_1.signals.map(rule => rule.signal), SIGNALS)
  t.equal(INSIGHT_1.signals.reduce((sum, rule) => sum + rule.points, 0), INSIGHT_1.max_score)
  t.equal(hashModel(INSIGHT_1), 'ac1436e980476f6ed3399d21ed16a9e810cde304a56b0ad932e457e701d9437f',
    'a changed rule needs a new model id, because stored scores name this one')
  const reversed = Object.fromEntries(Object.entries(INSIGHT_1).reverse()) as unknown as typeof INSIGHT_1
  t.equal(hashModel(reversed), hashModel(INSIGHT_1), 'the order of keys does not matter')
  t.not(hashModel({ ...INSIGHT_1, shared_work_weight: 0.6 }), hashModel(INSIGHT_1))
})

const plays = fc.oneof(fc.nat(1000), fc.maxSafeNat())
const work = fc.record<Work>({
  item_id: fc.string({ minLength: 1, maxLength: 8 }),
  source_type: fc.constantFrom(1, 2),
  is_individual_work: fc.boolean(),
  in_app_plays: plays
}, { noNullPrototype: true })
const fieldsArbitrary = fc.record<InsightFields>({
  external_id: fc.constant(null),
  has_about: fc.boolean(),
  number_of_roles: plays,
  number_of_acts: plays,
  profile_views: plays,
  profile_searches: plays,
  connects: plays,
  facebook_page_id: fc.option(fc.constant('4546477')),
  twitter_handle: fc.option(fc.constant('gigpro')),
  instagram_handle: fc.option(fc.constant('gigpro')),
  works: fc.uniqueArray(work, { selector: one => `${one.source_type}:${one.item_id}`, maxLength: 6 })
}, { noNullPrototype: true })
const artist = fc.tuple(fieldsArbitrary, fc.array(fc.option(plays), { maxLength: 9 }))
  .map(([fields, counts]) => withCounts(fields, counts))

const NUMBERS = ['number_of_roles', 'number_of_acts', 'profile_views', 'profile_searches', 'connects'] as const

t.test('the score is from 0 to 100 with two decimals, and the same at every call', async t => {
  fc.assert(fc.property(artist, one => {
    const value = scoreOf(one)
    return value >= 0 && value <= 100 && /^\d{1,3}\.\d\d$/.test(formatScore(value)) && value === scoreOf(one)
  }))
  t.pass()
})

t.test('more of anything the host counts never lowers the score', async t => {
  fc.assert(fc.property(artist, fc.constantFrom(...NUMBERS), plays, (one, name, more) => {
    const value = Math.min(Number.MAX_SAFE_INTEGER, one.fields[name] + more)
    return scoreOf({ ...one, fields: { ...one.fields, [name]: value } }) >= scoreOf(one)
  }))
  fc.assert(fc.property(artist, one => scoreOf({ ...one, fields: { ...one.fields, has_about: true } }) >= scoreOf(one)))
  fc.assert(fc.property(artist, plays, (one, more) => {
    const works = one.fields.works.map(work => ({ ...work, in_app_plays: work.in_app_plays + more }))
    return scoreOf({ ...one, fields: { ...one.fields, works } }) >= scoreOf(one)
  }))
  t.pass()
})

t.test('more followers or plays outside never lower the score', async t => {
  fc.assert(fc.property(artist, fc.nat(8), plays, (one, index, more) => {
    const sources = one.sources.map((source, at) =>
      at === index % one.sources.length ? { ...source, count: (source.count ?? 0) + more } : source)
    return scoreOf({ ...one, sources }) >= scoreOf(one)
  }))
  t.pass()
})

t.test('a count that becomes unknown never raises the score', async t => {
  fc.assert(fc.property(artist, fc.nat(8), (one, index) => {
    const sources = one.sources.map((source, at) => at === index % one.sources.length ? { ...source, count: null } : source)
    return scoreOf({ ...one, sources }) <= scoreOf(one)
  }))
  t.pass()
})

t.test('linking an account or adding a work never lowers the score, whatever it answers', async t => {
  const account = fc.constantFrom('twitter_handle', 'instagram_handle', 'facebook_page_id')
  fc.assert(fc.property(artist, account, fc.option(plays), (one, name, count) => {
    const before = { ...one, fields: { ...one.fields, [name]: null } }
    const known = one.sources.filter(source => linkedSources(before.fields).some(link => link.platform === source.platform))
    const fields = { ...one.fields, [name]: '7' }
    const link = linkedSources(fields).find(candidate => candidate.source_id === '7')
    const added = link === undefined ? [] : [{ ...pendingSource(link), count }]
    return scoreOf({ fields, sources: [...known, ...added] }) >= scoreOf({ fields: before.fields, sources: known })
  }))
  fc.assert(fc.property(artist, work, fc.option(plays), (one, added, count) => {
    const extra: Work = { ...added, item_id: `${added.item_id}-added` }
    const fields = { ...one.fields, works: [...one.fields.works, extra] }
    const link = linkedSources({ ...defaultFields(), works: [extra] })[0]
    if (link === undefined) return false
    return scoreOf({ fields, sources: [...one.sources, { ...pendingSource(link), count }] }) >= scoreOf(one)
  }))
  t.pass()
})

t.test('a work that is not individual counts half', async t => {
  const fields = { ...defaultFields(), works: EXAMPLE_2.works }
  const signals = toSignals(fields, withCounts(fields, [30, 230]).sources, INSIGHT_1)
  t.equal(signals.in_app_plays.value, 7 + 30 / 2)
  t.equal(signals.non_app_plays.value, 30 + 230 / 2)
})

t.test('each line tells value, points, state and the next point to earn', async t => {
  const breakdown = explain(INSIGHT_1, toSignals(EXAMPLE_2, withCounts(EXAMPLE_2, COUNTS_2).sources, INSIGHT_1))
  t.match(breakdown, { model: 'insight-1', model_hash: hashModel(INSIGHT_1), score: 7, max_score: 100, coverage: 100 })
  t.same(breakdown.lines.map(line => line.signal), SIGNALS)
  t.same(breakdown.lines[0], {
    signal: 'has_about', value: false, points: 0, max_points: 4, state: 'given', next: { value: true, points: 4 }
  })
  t.match(breakdown.lines.at(-1), { value: 145, state: 'ok', max_points: 20 })
  t.equal(breakdown.lines.reduce((sum, line) => sum + line.points, 0).toFixed(2), '7.00')
  t.same(breakdown.score_range, { low: 7, high: 7 }, 'nothing is open')
})

t.test('the next value earns its point and the one below does not', async t => {
  fc.assert(fc.property(artist, one => {
    const { lines } = explain(INSIGHT_1, toSignals(one.fields, one.sources, INSIGHT_1))
    return INSIGHT_1.signals.every((rule, index) => {
      const next = lines[index]?.next
      if (next == null) return pointsOf(rule, lines[index]?.value ?? null) === rule.points
      if (typeof next.value === 'boolean') return rule.curve === 'flag'
      return pointsOf(rule, next.value) >= next.points && pointsOf(rule, next.value - 1) < next.points
    })
  }))
  t.pass()
})

t.test('the score lies within its range, and an open source widens it', async t => {
  fc.assert(fc.property(artist, one => {
    const { score, score_range: { low, high } } = explain(INSIGHT_1, toSignals(one.fields, one.sources, INSIGHT_1))
    return low <= score && score <= high
  }))
  const open = withCounts({ ...defaultFields(), twitter_handle: 'x' }, [])
  t.match(explain(INSIGHT_1, toSignals(open.fields, open.sources, INSIGHT_1)), { score_range: { low: 0, high: 8 }, coverage: 50 })
  t.pass()
})

t.test('the state of a signal is the worst one behind it', async t => {
  const { fields, sources } = withCounts(EXAMPLE_2, COUNTS_2)
  const states = (first: SourceRecord['state']): SourceRecord[] =>
    sources.map((source, index) => index === 0 ? { ...source, state: first } : source)
  t.equal(toSignals(fields, states('hidden'), INSIGHT_1).non_app_plays.state, 'hidden')
  t.equal(toSignals(fields, states('stale'), INSIGHT_1).non_app_plays.state, 'stale')
  t.equal(toSignals(fields, [], INSIGHT_1).non_app_plays.state, 'pending', 'a work without a record was never asked for')
  t.equal(toSignals(defaultFields(), [], INSIGHT_1).non_app_plays.state, 'not_provided')
})

t.test('a model is found by its id', async t => {
  for (const model of SCORING_MODELS) t.equal(findModel(model.id), model)
  t.equal(findModel('insight-0'), null)
  t.equal(SCORING_MODELS[0], INSIGHT_1, 'the one in use stands first')
})
