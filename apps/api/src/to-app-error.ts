import { AppError, isAppError } from '@insights/shared'
import { ACCEPTED_MEDIA_TYPES } from './bodies/media-type.js'
import { InvalidInput, invalidRequest } from './invalid-request.js'

/** What of a request decides how an error of the framework is to be understood. */
export interface RequestFacts {
  bodyLimitBytes: number
  /** Whether the whole request, body included, has arrived. */
  isReceived: boolean
}

/** Any error as one of ours. What we do not know is our own fault: `INS_INTERNAL`, with the error as its cause. */
export function toAppError (error: unknown, facts: RequestFacts): AppError {
  if (isAppError(error)) return error
  if (error instanceof InvalidInput) return invalidRequest(error.faults)
  const { code, statusCode } = readFields(error)
  const known = fromFastify(code, facts)
  if (known !== undefined) return known
  if (statusCode >= 400 && statusCode < 500) {
    return new AppError('INS_REQUEST_MALFORMED', 'The request can not be read.', { cause: error })
  }
  return new AppError('INS_INTERNAL', 'Something unforeseen went wrong.', { cause: error })
}

function fromFastify (code: string, { bodyLimitBytes, isReceived }: RequestFacts): AppError | undefined {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError('INS_REQUEST_TOO_LARGE', `The body may have at most ${bodyLimitBytes} bytes.`)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError('INS_REQUEST_MEDIA_TYPE', `Send the body as ${ACCEPTED_MEDIA_TYPES.join(', ')}, and say so in Content-Type.`)
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new AppError('INS_REQUEST_MALFORMED', 'The body is not as long as Content-Length says.')
    case 'FST_ERR_BAD_URL':
      return new AppError('INS_REQUEST_MALFORMED', 'The path is not valid percent-encoded UTF-8.')
    case 'FST_ERR_HANDLER_TIMEOUT':
      return isReceived
        ? new AppError('INS_SERVICE_BUSY', 'The request was not answered in time.')
        : new AppError('INS_REQUEST_TIMEOUT', 'The request was not received in time.')
  }
}

function readFields (error: unknown): { code: string, statusCode: number } {
  const { code, statusCode } = Object(error) as Record<string, unknown>
  return {
    code: typeof code === 'string' ? code : '',
    statusCode: typeof statusCode === 'number' ? statusCode : 500
  }
}
