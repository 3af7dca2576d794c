import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from '@insights/shared'
import { baseUrlsOf, type SandboxBaseUrls } from './base-urls.js'
import { createCallLog, type CallLog } from './call-log.js'
import { createSandboxClock, type SandboxClock } from './clock.js'
import { createControl } from './control.js'
import { SANDBOX_CREDENTIALS } from './credentials.js'
import { createEntities, type Entities } from './entities.js'
import { createFaults, type Faults } from './faults.js'
import { createPlatforms } from './platforms.js'
import { createSettings, type SettingChanges, type Settings } from './settings.js'
import { createTransport } from './transport.js'

/** What an opener may choose. */
export interface SandboxOptions {
  /** Address to listen on; default `127.0.0.1`. */
  host?: string
  /** Port to listen on; default 0 = any free one. */
  port?: number
  /** Default: a running clock that shows the time of this machine. */
  clock?: SandboxClock
  /** Switches that differ from the defaults, for example `PUBLISHED_LIMITS`. */
  settings?: SettingChanges
}

/** An open sandbox. Everything it holds can also be reached over HTTP below `/_sandbox`. */
export interface Sandbox {
  /** `http://HOST:PORT`, without a slash at the end. */
  readonly url: string
  readonly baseUrls: SandboxBaseUrls
  /** What it accepts; everything else is refused as the platform would. */
  readonly credentials: typeof SANDBOX_CREDENTIALS
  readonly clock: SandboxClock
  readonly entities: Entities
  readonly settings: Settings
  readonly faults: Faults
  readonly calls: CallLog
  /** As when it was opened, but for the clock: no entities, faults, calls, quota use, charges or tokens. */
  reset: () => void
  /** Stops listening and cuts every connection, waiting answers included. May be called more than once. */
  close: () => Promise<void>
}

/**
 * Opens a local stand-in for the five platforms on real HTTP. Whoever opens it closes it.
 * @throws INS_ADDRESS_UNUSABLE when it can not listen there; INS_REQUEST_INVALID when a setting is not valid.
 */
export async function openSandbox (options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, clock = createSandboxClock() } = options
  const settings = createSettings(options.settings)
  const world = { clock, settings, entities: createEntities(clock) }
  const platforms = createPlatforms(world)
  const faults = createFaults(platform => platforms.standIn(platform).errorNames)
  const calls = createCallLog()
  const reset = () => {
    for (const kept of [world.entities, settings, faults, calls]) kept.clear()
    platforms.reset()
  }
  const control = createControl({ ...world, faults, calls, reset, baseUrlsOf })
  const transport = createTransport({ clock, platforms, faults, calls, control })
  const server = await listen(transport.serve, host, port)
  const url = urlOf(server.address() as AddressInfo)
  return {
    url,
    baseUrls: baseUrlsOf(url),
    credentials: SANDBOX_CREDENTIALS,
    ...world,
    faults,
    calls,
    reset,
    close: async () => {
      transport.close()
      await closeServer(server)
    }
  }
}

type Serve = (request: IncomingMessage, response: ServerResponse) => void

async function listen (serve: Serve, host: string, port: number): Promise<Server> {
  const server = createServer(serve)
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => {
      const detail = `The sandbox can not listen on ${host}, port ${port} (${(cause as NodeJS.ErrnoException).code}).`
      reject(new AppError('INS_ADDRESS_UNUSABLE', `${detail} Choose another address.`, { cause }))
    })
    server.listen(port, host, resolve)
  })
  return server
}

/** An address that can be called: the one for "every interface" can not. */
function urlOf ({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (address === '::') return `http://[::1]:${port}`
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`
}

async function closeServer (server: Server): Promise<void> {
  if (!server.listening) return
  await new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
