/** The clients of the platforms, whose calls are counted among those of the service where that is possible. */
import type { Config } from '@insights/config'
import { openBareClients, openPlatforms, type PlatformClients } from '@insights/platforms'
import { liveOptions, openCallLedger, type CallLedger } from '@insights/runtime'
import { isAppError, type AppError, type Platform } from '@insights/shared'
import type { CheckTools } from './checks.js'

export interface Caller extends Pick<CheckTools, 'chargedFor'> {
  /** The configured platforms only. */
  clients: PlatformClients
  isCounted: boolean
  close: () => Promise<void>
}

export interface CallerOptions {
  /** Told why nothing is counted, if that is so. */
  warn: (text: string) => void
  /** Called when another process has taken the data directory over: nothing may be written any more. */
  onLost: () => void
}

export async function openCaller (config: Config, options: CallerOptions): Promise<Caller> {
  const ledger = await openLedger(config, options)
  const settings = { deadlineMs: config.refresh.platformTimeoutMs }
  if (ledger === null) {
    return { ...openBareClients(liveOptions(config), settings), isCounted: false, chargedFor: () => null }
  }
  const charged = new Map<Platform, Record<string, number>>()
  const { clients, close } = openPlatforms(liveOptions(config), {
    ...settings,
    ...ledger.settings,
    trial: {
      onCharge: (platform, charge) => {
        const sums = charged.get(platform) ?? {}
        for (const [bucket, units] of Object.entries(charge)) sums[bucket] = (sums[bucket] ?? 0) + units
        charged.set(platform, sums)
      }
    }
  })
  return {
    clients,
    isCounted: true,
    chargedFor: platform => charged.get(platform) ?? {},
    close: async () => {
      await close()
      await ledger.close()
    }
  }
}

/** A person wants to know whether the credentials are good, also while there is nothing to count in. */
async function openLedger (config: Config, { warn, onLost }: CallerOptions): Promise<CallLedger | null> {
  try {
    return await openCallLedger(config, { onLost })
  } catch (error) {
    if (!isAppError(error)) throw error
    warn(`These calls are not counted in the limits of the service. ${reasonOf(error)}`)
    return null
  }
}

function reasonOf ({ code, message }: AppError): string {
  return code === 'INS_DATA_LOCKED' ? 'It is running, and no other process can write its embedded database meanwhile.' : message
}
