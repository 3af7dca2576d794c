import { AppError, type Fault } from '@insights/shared'

/** More faults than this help nobody, and each costs bytes. */
const MAX_FAULTS = 100

/** Pointers may hold names that the client chose, of any length. */
const MAX_POINTER_LENGTH = 200

/** What a schema check finds. The framework writes a status and a code to it, which an `AppError` does not allow. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly faults: readonly Fault[]

  constructor (faults: readonly Fault[]) {
    super('the input does not fit its schema')
    this.faults = faults
  }
}

/** One error for all faults of a request, of which it lists the first hundred. */
export function invalidRequest (faults: readonly Fault[]): AppError {
  const listed = faults.slice(0, MAX_FAULTS).map(clipPointer)
  return new AppError('INS_REQUEST_INVALID', summarise(listed, faults.length), { faults: listed })
}

/** Whether looking for more than `count` faults is of no use: the answer says already that there are more. */
export function isEnough (count: number): boolean {
  return count > MAX_FAULTS
}

function summarise (listed: readonly Fault[], count: number): string {
  const [first] = listed
  if (isEnough(count)) return `The request has more than ${MAX_FAULTS} faults; the first ${MAX_FAULTS} are listed.`
  if (count > 1 || first === undefined) return `The request has ${count} faults.`
  return `${first.pointer === '' ? 'The body' : first.pointer} ${first.detail}.`
}

function clipPointer (fault: Fault): Fault {
  if (fault.pointer.length <= MAX_POINTER_LENGTH) return fault
  return { ...fault, pointer: `${fault.pointer.slice(0, MAX_POINTER_LENGTH)}…` }
}
