import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { AppError, type Milliseconds } from '@insights/shared'

/**
 * The most that a timer takes. For the routes whose answers last as long as they need: that a client which stops
 * reading or sending is cut off is seen to elsewhere.
 */
export const NO_HANDLER_TIMEOUT: Milliseconds = 2 ** 31 - 1

/**
 * Keeps the long answers of an app: when it closes they are cut off, since a shutdown can not wait for a million rows.
 * The client sees a broken answer, not a complete one.
 *
 * @returns what takes note of a stream and gives it back.
 */
export function keepStreams (app: FastifyInstance): <S extends Readable>(stream: S) => S {
  const open = new Set<Readable>()
  app.addHook('preClose', async () => {
    for (const stream of open) stream.destroy(new AppError('INS_SERVICE_BUSY', 'The service is stopping.'))
  })
  return stream => {
    open.add(stream)
    stream.once('close', () => { open.delete(stream) })
    return stream
  }
}
