import { problemExample } from '../openapi/describe.js'

/** What most fields are when nothing was said. */
const DEFAULTS = {
  has_about: false,
  number_of_roles: 0,
  number_of_acts: 0,
  profile_views: 0,
  profile_searches: 0,
  connects: 0,
  facebook_page_id: null,
  twitter_handle: null,
  instagram_handle: null
}

export const ARTIST_WITH_A_WORK = {
  number_of_roles: 2,
  works: [{ item_id: 'stuff gggg', source_type: 1, in_app_plays: 0, is_individual_work: true }]
}

export const FRESH_ARTIST = {
  id: 2,
  ...DEFAULTS,
  number_of_roles: 2,
  insight_score: '0.00',
  twitter_followers_count: null,
  works: [{ item_id: 'stuff gggg', source_type: 1, is_individual_work: true, in_app_plays: 0 }],
  facebook_page_followers_count: null,
  instagram_followers_count: null
}

/** What a client says of the artist that examples read. */
export const ARTIST = {
  number_of_roles: 1,
  number_of_acts: 8,
  profile_views: 8,
  profile_searches: 7,
  connects: 2,
  facebook_page_id: 4546477,
  twitter_handle: 'gigpro',
  instagram_handle: 'gigpro',
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 },
    { item_id: '230230230', source_type: 2, is_individual_work: false, in_app_plays: 30 }
  ]
}

export const KNOWN_ARTIST = {
  id: 1,
  ...DEFAULTS,
  ...ARTIST,
  insight_score: '7.00',
  twitter_followers_count: 4546,
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7, non_app_plays: 30 },
    { item_id: '230230230', source_type: 2, is_individual_work: false, in_app_plays: 30, non_app_plays: 230 }
  ],
  facebook_page_followers_count: 4546,
  instagram_followers_count: 4564
}

export const FAULTY_ARTIST = { profile_views: -1, twitter: 'gigpro' }

export const FAULTS = problemExample('INS_REQUEST_INVALID', 'The request has 2 faults.', [
  { pointer: '/twitter', code: 'unknown_field', detail: 'is not a field that can be sent here' },
  { pointer: '/profile_views', code: 'range', detail: 'must be a whole number from 0 to 9007199254740991' }
])

/** By hand: what is shown should not come from what is shown. */
export const KNOWN_ARTIST_AS_CSV = 'id,external_id,has_about,number_of_roles,number_of_acts,profile_views,profile_searches,connects,' +
  'facebook_page_id,twitter_handle,instagram_handle,insight_score,twitter_followers_count,facebook_page_followers_count,instagram_followers_count,works\r\n' +
  '1,,false,1,8,8,7,2,4546477,gigpro,gigpro,7.00,4546,4546,4564,' +
  '"[{""item_id"":""l4WNrvVjiTw"",""source_type"":1,""is_individual_work"":true,""in_app_plays"":7,""non_app_plays"":30},' +
  '{""item_id"":""230230230"",""source_type"":2,""is_individual_work"":false,""in_app_plays"":30,""non_app_plays"":230}]"\r\n'
