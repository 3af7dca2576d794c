import { problemExample } from '../openapi/describe.js'

const OBSERVED_AT = '2026-11-23T16:44:20.912Z'
const RANGE = { from: '2026-10-24T16:44:25.000Z', to: '2026-11-23T16:44:25.000Z' }

/** Of an artist whose counts were fetched once. */
export const HISTORY_BY_DAY = {
  id: 1,
  interval: 'day',
  ...RANGE,
  next: null,
  sources: [
    { platform: 'facebook', source_id: '4546477', count: 4546 },
    { platform: 'instagram', source_id: 'gigpro', count: 4564 },
    { platform: 'soundcloud', source_id: '230230230', count: 230 },
    { platform: 'x', source_id: 'gigpro', count: 4546 },
    { platform: 'youtube', source_id: 'l4WNrvVjiTw', count: 30 }
  ].map(({ count, ...source }) => (
    { ...source, growth_per_day: null, points: [{ start: '2026-11-23T00:00:00.000Z', at: OBSERVED_AT, count, state: 'ok' }] }))
}

export const HISTORY_OF_A_VIDEO = {
  id: 1,
  interval: 'raw',
  ...RANGE,
  next: null,
  sources: [{ platform: 'youtube', source_id: 'l4WNrvVjiTw', growth_per_day: null, points: [{ at: OBSERVED_AT, count: 30, state: 'ok' }] }]
}

export const HISTORY_FAULTS = problemExample('INS_REQUEST_INVALID', 'The request has 2 faults.', [
  { pointer: '/source/0', code: 'format', detail: 'must be a platform, or a platform and an id, like youtube:l4WNrvVjiTw' },
  { pointer: '/interval', code: 'value', detail: 'must be "raw", "day" or "week"' }
])
