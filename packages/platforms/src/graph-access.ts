/**
 * Tells missing accounts, and those that ask for a permission of their own, from a lost right of the app, which look the
 * same in the parts of a Graph batch. When every part of a call says "missing", or every one "permission", one account
 * more is asked for that is known to exist: the one that answered last, or the dialect's witness. If it is missing too,
 * the credential is at fault and nothing was learned of the others.
 */
import type { Clock, Milliseconds } from '@insights/shared'
import { authRefused, failed } from './failure.js'
import type { CallFailure, CountOutcome } from './port.js'

export interface AccessCheckOptions {
  name: string
  /** An account that surely exists, for the time before any has answered; `null` = none is known. */
  witness: string | null
  /** Whether a failure is a permission that the account alone may ask for. */
  isPermission: (failure: CallFailure) => boolean
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

export function createAccessCheck ({ name, witness, isPermission, clock }: AccessCheckOptions): AccessCheck {
  let known: { id: string, at: Milliseconds } | null = null

  return {
    async review (ids, outcomes, askOne) {
      const found = outcomes.findIndex(exists)
      if (found !== -1) known = { id: ids[found] as string, at: clock.now() }
      const allRefused = outcomes.every(outcome => outcome.kind === 'failed' && isPermission(outcome.failure))
      if (!allRefused && !areDoubtful(outcomes)) return outcomes
      const other = [known?.id ?? null, witness].find(id => id !== null && !ids.includes(id)) ?? null
      if (other === null) return outcomes
      const answer = await askOne(other)
      if (exists(answer)) known = { id: other, at: clock.now() }
      return allRefused ? judgeRefused(outcomes, answer) : judgeMissing(outcomes, answer)
    }
  }

  function areDoubtful (outcomes: readonly CountOutcome[]): boolean {
    const allMissing = outcomes.every(outcome => outcome.kind === 'not_found')
    return allMissing && (outcomes.length > BELIEVABLE_MISSES || !hasAnsweredLately())
  }

  /** Where nothing is learned of the other account, nothing is said of these: a refusal would hold all others back. */
  function judgeRefused (outcomes: CountOutcome[], answer: CountOutcome): CountOutcome[] {
    if (exists(answer)) return outcomes.map(ofIdAlone)
    return answer.kind === 'failed' && answer.failure.reason !== 'auth' ? outcomes.map(() => answer) : outcomes
  }

  function judgeMissing (outcomes: CountOutcome[], answer: CountOutcome): CountOutcome[] {
    if (exists(answer)) return outcomes
    const suspicion = failed(authRefused(`${name} knows none of the accounts, not even one that exists, which is how a lost permission of the app looks.`))
    return outcomes.map(() => answer.kind === 'not_found' ? suspicion : answer)
  }

  /** False also when the clock was set back. */
  function hasAnsweredLately (): boolean {
    const ageMs = known === null ? NaN : clock.now() - known.at
    return ageMs >= 0 && ageMs < LATELY_MS
  }
}

function ofIdAlone (outcome: CountOutcome): CountOutcome {
  return outcome.kind === 'failed' ? { kind: 'failed', failure: { ...outcome.failure, isOfIdAlone: true } } : outcome
}

function exists (outcome: CountOutcome): boolean {
  return outcome.kind === 'ok' || outcome.kind === 'hidden'
}
