import type { Test } from 'tap'
import { closingContract } from './closing-contract.js'
import { enqueueContract } from './enqueue-contract.js'
import type { QueueBackendForTests } from './lab.js'
import { plannerContract } from './planner-contract.js'
import { processingContract } from './processing-contract.js'

/**
 * The promises of `JobQueues`, one test or more for each, for any backend. `open` gives an empty backend that lives
 * until the test ends.
 */
export function jobQueuesContract (t: Test, name: string, open: (t: Test) => Promise<QueueBackendForTests>): void {
  for (const part of [enqueueContract, processingContract, plannerContract, closingContract]) part(t, name, open)
}
