import type { Log, Milliseconds } from '@insights/shared'
import type { Damage } from './damage.js'
import type { Models } from './models.js'
import type { Atomically } from './transactions.js'

/** What the calls of the store work with. */
export interface StoreDeps {
  models: Models
  damage: Damage
  log: Log
  /** The clock of the primary. */
  serverNow: () => Promise<Milliseconds>
  atomically: Atomically
}
