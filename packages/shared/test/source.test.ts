import { t } from 'tap'
import { defaultFields, type InsightFields } from '../src/insight.js'
import { platformOfWork } from '../src/platform.js'
import { alignSources, hasSameFields, hasSameIdentity, linkedSources, pendingSource, sourceKey } from '../src/source.js'

const ARTIST: InsightFields = {
  ...defaultFields(),
  facebook_page_id: '4546477',
  twitter_handle: ' @gigpro ',
  instagram_handle: 'gigpro',
  works: [
    { item_id: 'same', source_type: 1, is_individual_work: true, in_app_plays: 0 },
    { item_id: 'same', source_type: 2, is_individual_work: true, in_app_plays: 0 }
  ]
}

t.test('a work is counted on the platform of its source type', async t => {
  t.equal(platformOfWork(1), 'youtube')
  t.equal(platformOfWork(2), 'soundcloud')
})

t.test('every account and work is a source, as the host sent it', async t => {
  t.same(linkedSources(ARTIST).map(sourceKey), [
    'youtube:same', 'soundcloud:same', 'x: @gigpro ', 'facebook:4546477', 'instagram:gigpro'
  ])
})

t.test('an account that is null or blank is no source', async t => {
  t.same(linkedSources({ ...defaultFields(), twitter_handle: '', instagram_handle: '  ' }), [])
})

t.test('aligning keeps what is known, adds what is new as pending and drops what is gone', async t => {
  const known = linkedSources(ARTIST).map(link => ({ ...pendingSource(link), count: 5 }))
  const changed = { ...ARTIST, instagram_handle: 'other', works: ARTIST.works.slice(1) }
  t.same(alignSources(changed, known).map(source => [source.source_id, source.state, source.count]), [
    ['same', 'pending', 5], [' @gigpro ', 'pending', 5], ['4546477', 'pending', 5], ['other', 'pending', null]
  ])
})

t.test('the identity is the set of accounts and works', async t => {
  t.ok(hasSameIdentity(ARTIST, { ...ARTIST, connects: 5, works: ARTIST.works.toReversed() }))
  t.notOk(hasSameIdentity(ARTIST, { ...ARTIST, twitter_handle: 'gigpro' }), 'an account is known by what was sent')
  t.notOk(hasSameIdentity(ARTIST, { ...ARTIST, twitter_handle: null }))
  t.notOk(hasSameIdentity({ ...ARTIST, twitter_handle: null }, ARTIST))
})

t.test('fields say the same when every value is equal, in whatever order they were written', async t => {
  const work = { item_id: 'a', source_type: 1 as const, is_individual_work: true, in_app_plays: 1 }
  const fields = { ...defaultFields(), works: [work, { ...work, item_id: 'b' }] }
  const { works, ...rest } = fields
  t.ok(hasSameFields(fields, { works, ...rest }))
  t.notOk(hasSameFields(fields, { ...fields, connects: 1 }))
  t.notOk(hasSameFields(fields, { ...fields, works: [...works].reverse() }), 'works are a list')
})
