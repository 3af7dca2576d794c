/**
 * Tells missing accounts from a lost right of the app, which look the same in the parts of a Graph batch. When every
 * part of a call says "missing", one account more is asked for that is known to exist: the one that answered last, or
 * the dialect's witness. If it is missing too, the credential is at fault and nothing was learned of the others.
 */
import type { Clock, Milliseconds } from '@insights/shared'
import { authRefused, failed } from './failure.js'
import type { CountOutcome } from './port.js'

export interface AccessCheckOptions {
  name: string
  /** An account that surely exists, for the time before any has answered; `null` = none is known. */
  witness: string | null
  clock: Clock
}

export interface AccessCheck {
  /** The outcomes of one call, one per id, or failures in their place. `askOne` asks for an id by a call of its own. */
  review: (
    ids: readonly string[], outcomes: CountOutcome[], askOne: (id: string) => Promise<CountOutcome>
  ) => Promise<CountOutcome[]>
}

/** This many misses at once are believed without a further call, as long as an account has answered lately. */
const BELIEVABLE_MISSES = 3

/** Shorter than the time between two misses that count, so that a right lost just now makes no account dead. */
const LATELY_MS: Milliseconds = 3_600_000

export function createAccessCheck ({ name, witness, clock }: AccessCheckOptions): AccessCheck {
  let known: { id: string, at: Milliseconds } | null = null

  return {
    async review (ids, outcomes, askOne) {
      const found = outcomes.findIndex(exists)
      if (found !== -1) known = { id: ids[found] as string, at: clock.now() }
      const allMissing = outcomes.every(outcome => outcome.kind === 'not_found')
      if (!allMissing || (outcomes.length <= BELIEVABLE_MISSES && hasAnsweredLately())) return outcomes
      const other = [known?.id ?? null, witness].find(id => id !== null && !ids.includes(id)) ?? null
      return other === null ? outcomes : judge(other, outcomes, await askOne(other))
    }
  }

  function judge (other: string, outcomes: CountOutcome[], answer: CountOutcome): CountOutcome[] {
    if (exists(answer)) {
      known = { id: other, at: clock.now() }
      return outcomes
    }
    const suspicion = failed(authRefused(`${name} knows none of the accounts, not even one that exists, which is how a lost permission of the app looks.`))
    return outcomes.map(() => answer.kind === 'not_found' ? suspicion : answer)
  }

  /** False also when the clock was set back. */
  function hasAnsweredLately (): boolean {
    const ageMs = known === null ? NaN : clock.now() - known.at
    return ageMs >= 0 && ageMs < LATELY_MS
  }
}

function exists (outcome: CountOutcome): boolean {
  return outcome.kind === 'ok' || outcome.kind === 'hidden'
}
