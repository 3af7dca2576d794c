import mongoose, { type Connection, type Model, type SchemaOptions } from 'mongoose'
import type { KeptAnswer } from '../idempotency-port.js'
import type { RemovedCounts } from '../removal-port.js'

/**
 * How insights lie in MongoDB. What is read is never trusted to have this shape: `toDocument` checks it.
 * Dates are `Date`, everything else as in `InsightDocument`; `_id` is the id of the insight.
 */
export interface StoredInsight {
  _id: number
  fields: object
  sources: object[]
  score: number
  breakdown: object | null
  rev: number
  identity_rev: number
  refresh: {
    wanted: number
    done: number
    forced: number
    due_at: Date | null
    claim: number
    lease_until: Date | null
    asked_at: Date
    done_at: Date | null
  }
  /** Marks of the last call of each kind, different for each call: they tell which of many writes was whose. */
  stamps: { created: string, planned?: string, started?: string, saved?: string }
  created_at: Date
  updated_at: Date
}

/** The last id that was handed out. */
export interface StoredCounter { _id: string, seq: number }

export interface StoredToken {
  /** The hash of the token. */
  _id: string
  name: string
  scopes: string[]
  created_at: Date
  expires_at: Date | null
  last_used_at?: Date
  revoked_at?: Date
}

/** A random text that all processes share. */
export interface StoredSecret { _id: string, value: string }

/** What is about to be erased; there as long as that is not done. */
export interface StoredRemoval {
  _id: string
  insight_id: number
  at: Date
  removed: RemovedCounts
}

/** Sources that a write is about to unlink, until their history is erased. */
export interface StoredUnlinking {
  _id: string
  insight_id: number
  at: Date
  sources: Array<{ platform: string, source_id: string }>
}

/** One observation. The order of the fields in `_id` is the order in which a source's observations are read. */
export interface StoredObservation {
  _id: { insight: number, platform: string, source: string, at: Date }
  count: number | null
  state: string
  /** When it comes up for thinning out. */
  next_at: Date
}

/** The receipt of an erased insight, whose id it has. */
export interface StoredReceipt {
  _id: number
  deleted_at: Date
  removed: RemovedCounts
  hash: string
}

/** A host's own id, the insight that bears it or is going to, and since when. */
export interface StoredExternalId { _id: string, insight_id: number, at: Date }

/** A key under which a client repeats a call, named by its hash. */
export interface StoredKey {
  _id: string
  /** `null`: the insight was erased. */
  payload: string | null
  /** The id that is reserved for the insight; `null` where a token is made. */
  insight_id: number | null
  token_id: string | null
  /** The try that holds the key until `lease_until`. */
  holder: string
  lease_until: Date
  tries: number
  answer: KeptAnswer | null
  is_erased: boolean
  expires_at: Date
}

export interface Models {
  insights: Model<StoredInsight>
  counters: Model<StoredCounter>
  tokens: Model<StoredToken>
  secrets: Model<StoredSecret>
  removals: Model<StoredRemoval>
  receipts: Model<StoredReceipt>
  externalIds: Model<StoredExternalId>
  keys: Model<StoredKey>
  unlinkings: Model<StoredUnlinking>
  observations: Model<StoredObservation>
}

/** By which an insight is found under the host's own id. */
export const EXTERNAL_ID_KEY = { 'fields.external_id': 1 } as const

/** Another name than that of the former index: whoever takes that one away can not hit this one. */
const EXTERNAL_ID_INDEX = 'insights_external_id_text'
export const FORMER_EXTERNAL_ID_INDEX = 'insights_external_id'

/** The counter of insight ids. */
export const INSIGHT_COUNTER = 'insights'

/** A field that no schema names is an error, in a filter as in a write: a typo must not select every document. */
const STRICT: SchemaOptions = {
  strict: 'throw',
  strictQuery: 'throw',
  minimize: false,
  versionKey: false,
  autoIndex: false,
  autoCreate: false,
  bufferCommands: false
}

const CounterSchema = new mongoose.Schema({ _id: String, seq: Number }, { ...STRICT, collection: 'counters' })

const TokenSchema = new mongoose.Schema({
  _id: String,
  name: String,
  scopes: [String],
  created_at: Date,
  expires_at: Date,
  last_used_at: Date,
  revoked_at: Date
}, { ...STRICT, collection: 'tokens' }).index({ created_at: 1, _id: 1 }, { name: 'tokens_created' })

const SecretSchema = new mongoose.Schema({ _id: String, value: String }, { ...STRICT, collection: 'secrets' })

const RemovedSchema = { insights: Number, works: Number, accounts: Number }

/** Nearly always empty. */
const RemovalSchema = new mongoose.Schema({
  _id: String, insight_id: Number, at: Date, removed: RemovedSchema
}, { ...STRICT, collection: 'removals' }).index({ at: 1 }, { name: 'removals_at' }).index({ insight_id: 1 }, { name: 'removals_insight' })

const ReceiptSchema = new mongoose.Schema({
  _id: Number, deleted_at: Date, removed: RemovedSchema, hash: String
}, { ...STRICT, collection: 'receipts' })

/** The second index is for the insight that is erased. */
const ExternalIdSchema = new mongoose.Schema({
  _id: String, insight_id: Number, at: Date
}, { ...STRICT, collection: 'external_ids' }).index({ insight_id: 1 }, { name: 'external_ids_insight' })

const KeySchema = new mongoose.Schema({
  _id: String,
  payload: String,
  insight_id: Number,
  token_id: String,
  holder: String,
  lease_until: Date,
  tries: Number,
  answer: mongoose.Schema.Types.Mixed,
  is_erased: Boolean,
  expires_at: Date
}, { ...STRICT, collection: 'idempotency_keys' })
  .index({ expires_at: 1 }, { name: 'idempotency_keys_expiry', expireAfterSeconds: 0 })
  .index({ insight_id: 1 }, { name: 'idempotency_keys_insight' })

/** Nearly always empty. */
const UnlinkingSchema = new mongoose.Schema({
  _id: String,
  insight_id: Number,
  at: Date,
  sources: [new mongoose.Schema({ platform: String, source_id: String }, { ...STRICT, _id: false })]
}, { ...STRICT, collection: 'unlinkings' }).index({ at: 1 }, { name: 'unlinkings_at' })

/** `_id` is a document, which mongoose need not know: the adapter reads and writes the collection itself. */
const ObservationSchema = new mongoose.Schema({
  _id: mongoose.Schema.Types.Mixed,
  count: Number,
  state: String,
  next_at: Date
}, { ...STRICT, collection: 'observations' }).index({ next_at: 1 }, { name: 'observations_next' })

const WorkSchema = new mongoose.Schema({
  item_id: String,
  source_type: Number,
  is_individual_work: Boolean,
  in_app_plays: Number
}, { ...STRICT, _id: false })

const SourceSchema = new mongoose.Schema({
  platform: String,
  source_id: String,
  state: String,
  count: Number,
  fetched_at: Date,
  next_at: Date,
  failures: Number,
  misses: Number,
  doubted_at: Date,
  error: { code: String, detail: String, at: Date }
}, { ...STRICT, _id: false })

const InsightSchema = new mongoose.Schema({
  _id: Number,
  fields: {
    external_id: String,
    has_about: Boolean,
    number_of_roles: Number,
    number_of_acts: Number,
    profile_views: Number,
    profile_searches: Number,
    connects: Number,
    facebook_page_id: String,
    twitter_handle: String,
    instagram_handle: String,
    works: [WorkSchema]
  },
  sources: [SourceSchema],
  score: Number,
  breakdown: mongoose.Schema.Types.Mixed,
  rev: Number,
  identity_rev: Number,
  refresh: {
    wanted: Number,
    done: Number,
    forced: Number,
    due_at: Date,
    claim: Number,
    lease_until: Date,
    asked_at: Date,
    done_at: Date
  },
  stamps: { created: String, planned: String, started: String, saved: String },
  created_at: Date,
  updated_at: Date
}, { ...STRICT, collection: 'insights' })
  // The planner's only question: what has come due, earliest first. The id settles equal times.
  .index({ 'refresh.due_at': 1, _id: 1 }, { name: 'insights_due' })
  // Texts only: most insights may have none. Written as a comparison, which the planner recognises in a question. What
  // keeps them unique is the collection of external ids.
  .index(EXTERNAL_ID_KEY, {
    name: EXTERNAL_ID_INDEX, partialFilterExpression: { 'fields.external_id': { $gt: '' } }
  })
  // The orders of a list.
  .index({ score: 1, _id: 1 }, { name: 'insights_score' })
  .index({ updated_at: 1, _id: 1 }, { name: 'insights_updated' })

/** The models of one connection. */
export function createModels (connection: Connection): Models {
  return {
    insights: connection.model<StoredInsight>('Insight', InsightSchema),
    counters: connection.model<StoredCounter>('Counter', CounterSchema),
    tokens: connection.model<StoredToken>('Token', TokenSchema),
    secrets: connection.model<StoredSecret>('Secret', SecretSchema),
    removals: connection.model<StoredRemoval>('Removal', RemovalSchema),
    receipts: connection.model<StoredReceipt>('Receipt', ReceiptSchema),
    externalIds: connection.model<StoredExternalId>('ExternalId', ExternalIdSchema),
    keys: connection.model<StoredKey>('IdempotencyKey', KeySchema),
    unlinkings: connection.model<StoredUnlinking>('Unlinking', UnlinkingSchema),
    observations: connection.model<StoredObservation>('Observation', ObservationSchema)
  }
}
