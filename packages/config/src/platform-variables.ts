import { choice, integer, optionalText, secret, text } from './variable-types.js'

const MIN_INTERVAL_SECONDS = 900
const MAX_INTERVAL_SECONDS = 30 * 86400
/** Statistics fetched with an API key may be kept for 30 days (YouTube Developer Policies, III.E.4.d). */
const MAX_YOUTUBE_RETENTION_DAYS = 30
/** With the default retention, a count that is fetched again only then is still a day away from its end. */
export const MAX_YOUTUBE_INTERVAL_SECONDS = 27 * 86400

function interval (description: string, defaultSeconds: number, maximum = MAX_INTERVAL_SECONDS) {
  return integer(description, { minimum: MIN_INTERVAL_SECONDS, maximum, default: defaultSeconds, unit: 'seconds' })
}

function baseUrl (api: string, defaultUrl: string) {
  return text(`Root address of ${api}; set it to use a stand-in or a proxy.`, 'http-url', defaultUrl)
}

export const youtubeVariables = {
  YOUTUBE_BASE_URL: baseUrl('the YouTube Data API', 'https://www.googleapis.com/youtube/v3'),
  YOUTUBE_API_KEY: secret('API key of a Google Cloud project with the YouTube Data API; makes YouTube live.'),
  YOUTUBE_INTERVAL_SECONDS: interval(
    'Time between two fetches of a play count; at most 27 days, because YouTube wants statistics refreshed or deleted within 30.',
    86400, MAX_YOUTUBE_INTERVAL_SECONDS),
  YOUTUBE_RETENTION_DAYS: integer(
    'How long a play count that can not be fetched again is kept before it is removed, and how far the history of a video goes back; YouTube allows 30 days.',
    { minimum: 2, maximum: MAX_YOUTUBE_RETENTION_DAYS, default: 28, unit: 'days' }),
  YOUTUBE_UNITS_PER_DAY: integer(
    'Quota units that may be used of each of the two buckets of a project, batchGetStats and all other methods, until midnight in Los Angeles; a call costs one, Google grants 10,000 each.',
    { minimum: 0, maximum: 100000000, default: 9500 })
}

export const soundcloudVariables = {
  SOUNDCLOUD_BASE_URL: baseUrl('the SoundCloud API', 'https://api.soundcloud.com'),
  SOUNDCLOUD_TOKEN_URL: text(
    'Address where SoundCloud exchanges client id and secret for an access token; it is on another host than the API.',
    'http-url', 'https://secure.soundcloud.com/oauth/token'),
  SOUNDCLOUD_CLIENT_ID: optionalText('Client id of a SoundCloud app; with the secret it makes SoundCloud live.', 'credential'),
  SOUNDCLOUD_CLIENT_SECRET: secret('Client secret of the same SoundCloud app.'),
  SOUNDCLOUD_INTERVAL_SECONDS: interval(
    'Time between two fetches of a play count; shorter than elsewhere, because SoundCloud publishes no cap on such calls.', 21600),
  SOUNDCLOUD_CALLS_PER_SECOND: integer('Calls that all workers make together in a second; SoundCloud turns bursts away.',
    { minimum: 1, maximum: 100, default: 3 }),
  SOUNDCLOUD_GRANTS_PER_12_HOURS: integer(
    'Access tokens that may be had for the client secret in 12 hours; SoundCloud grants 50 to an app, and refreshing a token needs none.',
    { minimum: 1, maximum: 50, default: 40 })
}

export const xVariables = {
  X_BASE_URL: baseUrl('the X API', 'https://api.x.com'),
  X_BEARER_TOKEN: secret('App-only bearer token of an X app; makes X live.'),
  X_INTERVAL_SECONDS: interval(
    'Time between two fetches of a follower count; a day, because X charges for each account once per UTC day.', 86400),
  X_CALLS_PER_15_MINUTES: integer('Calls that all workers make together in 15 minutes; X allows an app 300, and a call asks for up to 100 accounts.',
    { minimum: 1, maximum: 1000000, default: 300 }),
  X_DAILY_SPEND_DOLLARS: integer('Dollars that may be spent in a UTC day; an account costs $0.010 on each day that it is asked for, and 0 spends nothing.',
    { minimum: 0, maximum: 1000000, default: 10 })
}

export const facebookVariables = {
  FACEBOOK_BASE_URL: baseUrl('the Graph API for Facebook pages, including the version', 'https://graph.facebook.com/v26.0'),
  FACEBOOK_ACCESS_TOKEN: secret('Access token that may read public page metadata; makes Facebook live.'),
  FACEBOOK_APP_SECRET: secret('Secret of the app that the token belongs to; needed only if the app demands an appsecret_proof with each call.'),
  FACEBOOK_INTERVAL_SECONDS: interval(
    'Time between two fetches of a follower count; a day, because a Graph app has few calls per hour.', 86400)
}

export const graphVariables = {
  GRAPH_CALLS_PER_HOUR: integer(
    'Calls that all workers make together in an hour through one app, each account being one; an app may make 200 per hour and daily user of it.',
    { minimum: 1, maximum: 10000000, default: 150 }),
  GRAPH_ONE_APP: choice(
    'Whether the tokens of Facebook and Instagram belong to one app, and so share its calls; auto goes by the tokens and secrets, and takes them for one if these do not tell.',
    ['auto', 'true', 'false'], 'auto')
}

export const instagramVariables = {
  INSTAGRAM_BASE_URL: baseUrl('the Graph API for Instagram accounts, including the version', 'https://graph.facebook.com/v26.0'),
  INSTAGRAM_ACCESS_TOKEN: secret('Access token with the right to discover business accounts; with the account id it makes Instagram live.'),
  INSTAGRAM_ACCOUNT_ID: optionalText('Number of your own Instagram professional account, in whose name others are looked up.', 'digits'),
  INSTAGRAM_APP_SECRET: secret('Secret of the app that the token belongs to; needed only if the app demands an appsecret_proof with each call.'),
  INSTAGRAM_INTERVAL_SECONDS: interval(
    'Time between two fetches of a follower count; a day, because each handle is one of the few Graph calls per hour.', 86400)
}
