import { AppError } from '@insights/shared'

/** Without the error of the driver as its cause, because that repeats what was sent. */
export function externalIdTaken (): AppError {
  return new AppError('INS_EXTERNAL_ID_TAKEN', 'Another insight has this external_id: change that one, or send another external_id.', {
    faults: [{ pointer: '/external_id', code: 'taken', detail: 'is the external_id of another insight' }]
  })
}
