import type { Fault } from '@insights/shared'

/** A form as it was sent: texts under names, in order, before anybody knows their types. */
export class FormBody {
  readonly fields: ReadonlyArray<readonly [name: string, text: string]>
  /** What is wrong with the form whatever its fields mean, e.g. a file in it. */
  readonly faults: readonly Fault[]

  constructor (fields: FormBody['fields'], faults: readonly Fault[] = []) {
    this.fields = fields
    this.faults = faults
  }
}
