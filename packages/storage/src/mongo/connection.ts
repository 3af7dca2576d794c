import { setTimeout as delay } from 'node:timers/promises'
import { AppError, type Log, type Milliseconds } from '@insights/shared'
import mongoose, { type Connection, type ConnectOptions } from 'mongoose'
import { isStandalone } from './server-clock.js'

export interface MongoOptions {
  /** Secret: it may hold a password. Never logged, never part of a message. */
  url: string
  log: Log
  serverSelectionTimeoutMs: Milliseconds
}

/** A connection that looks for its server until it is closed. */
export interface Link {
  connection: Connection
  close: () => Promise<void>
}

/** The database that is used when the connection string names none; the driver's own default would be `test`. */
const DEFAULT_DATABASE = 'insights'

/** Between two tries to reach a server that has never answered; afterwards the driver itself looks for it. */
const RETRY_MS = 500

/** How often the driver looks at its servers: a frozen one is noticed after this and the connect timeout. */
const HEARTBEAT_MS = 2_000

/** A reply that is not there after this long does not come; the longest call, a full batch, takes a fraction. */
const SOCKET_TIMEOUT_MS = 10_000

/** What the driver throws for a connection string that no waiting makes right. */
const CONFIGURATION_FAULTS = new Set([
  'MongoParseError', 'MongoInvalidArgumentError', 'MongoMissingCredentialsError', 'MongoAPIError', 'MongoMissingDependencyError'
])

const MALFORMED = 'The connection string of MongoDB is malformed, or has options that do not exist or do not go together.'

const STANDALONE_WARNING = 'MongoDB runs as a standalone server: there is no second copy of what it acknowledges, a ' +
  'write whose connection breaks is not repeated and fails, and one whose reply is lost may be there all the same. ' +
  'An external_id may stay taken after such a change; the migration frees it. ' +
  'Run it as a replica set; a set of one node is enough for repeated writes and transactions.'

/**
 * Connects, and keeps trying in the background when the server is away: resolves after the first try in either case.
 * Until it is there every call fails at once, because nothing is buffered.
 *
 * @throws AppError `INS_CONFIG_INVALID` when the connection string can not be used.
 */
export async function link (options: MongoOptions): Promise<Link> {
  const { connection, close } = newLink(options.log)
  const closing = new AbortController()
  const isReached = await orClose(close, async () => await tryConnect(connection, options))
  const background = isReached ? Promise.resolve() : keepTrying(connection, options, closing.signal)
  return {
    connection,
    close: async () => {
      closing.abort()
      await background
      await close()
    }
  }
}

/**
 * Connects once, without the time limits that would cut short the building of an index.
 *
 * @throws the driver's errors and `INS_CONFIG_INVALID`
 */
export async function linkForMigration (options: MongoOptions): Promise<Link> {
  const { connection, close } = newLink(options.log)
  await orClose(close, async () => { await open(connection, options, { socketTimeoutMS: 0, writeConcern: { w: 'majority' } }) })
  return { connection, close }
}

async function orClose<T> (close: () => Promise<void>, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect()
  } catch (error) {
    await close()
    throw error
  }
}

/** Says plainly what a standalone server can not promise. */
export async function warnIfStandalone (connection: Connection, log: Log): Promise<void> {
  if (await isStandalone(connection)) log.warn({}, STANDALONE_WARNING)
}

function newLink (log: Log): Link {
  const connection = mongoose.createConnection()
  /** A try that fails is "disconnected" too, and so is a close: only the loss of a server is news. */
  let isUp = false
  connection.on('error', (err: unknown) => { log.debug({ err }, 'trouble with the connection to MongoDB') })
  connection.on('connected', () => { isUp = true })
  connection.on('disconnected', () => {
    if (isUp) log.warn({}, 'MongoDB is out of reach')
    isUp = false
  })
  connection.on('reconnected', () => { log.info({}, 'MongoDB is back') })
  return {
    connection,
    close: async () => {
      isUp = false
      await connection.destroy()
    }
  }
}

async function open (connection: Connection, options: MongoOptions, changes: ConnectOptions = {}): Promise<void> {
  const { url, serverSelectionTimeoutMs } = options
  try {
    await connection.openUri(url, {
      ...(namesDatabase(url) ? {} : { dbName: DEFAULT_DATABASE }),
      appName: 'insights',
      autoIndex: false,
      autoCreate: false,
      bufferCommands: false,
      sanitizeFilter: true,
      serverSelectionTimeoutMS: serverSelectionTimeoutMs,
      connectTimeoutMS: serverSelectionTimeoutMs,
      waitQueueTimeoutMS: serverSelectionTimeoutMs,
      heartbeatFrequencyMS: HEARTBEAT_MS,
      socketTimeoutMS: SOCKET_TIMEOUT_MS,
      readPreference: 'primary',
      retryReads: true,
      retryWrites: true,
      writeConcern: { w: 'majority', wtimeoutMS: serverSelectionTimeoutMs },
      ...changes
    })
  } catch (cause) {
    throw isConfigurationFault(cause)
      ? new AppError('INS_CONFIG_INVALID', MALFORMED, { cause })
      : cause
  }
}

/** @returns whether the server is there. */
async function tryConnect (connection: Connection, options: MongoOptions): Promise<boolean> {
  try {
    await open(connection, options)
    await warnIfStandalone(connection, options.log)
    return true
  } catch (err) {
    if (err instanceof AppError && err.code === 'INS_CONFIG_INVALID') throw err
    options.log.warn({ err }, 'MongoDB can not be reached yet: trying on in the background')
    return false
  }
}

async function keepTrying (connection: Connection, options: MongoOptions, closing: AbortSignal): Promise<void> {
  while (!closing.aborted) {
    try {
      await delay(RETRY_MS, undefined, { ref: false, signal: closing })
      await open(connection, options)
      options.log.info({}, 'MongoDB is reached')
      return await warnIfStandalone(connection, options.log)
    } catch (err) {
      if (!closing.aborted) options.log.debug({ err }, 'MongoDB can not be reached yet')
    }
  }
}

function namesDatabase (url: string): boolean {
  return /^[^/]*\/\/[^/?]+\/[^?]+/.test(url)
}

function isConfigurationFault (error: unknown): boolean {
  return error instanceof Error && CONFIGURATION_FAULTS.has(error.name)
}
