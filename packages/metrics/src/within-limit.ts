import { AppError, type Milliseconds } from '@insights/shared'

/** The answer, or a rejection with `INS_STORE_UNAVAILABLE` after `limitMs`. The answer may still come, unheard. */
export async function withinLimit<T> (answer: Promise<T>, limitMs: Milliseconds): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new AppError('INS_STORE_UNAVAILABLE', `There was no answer within ${limitMs} ms.`)) }, limitMs)
  })
  try {
    return await Promise.race([answer, limit])
  } finally {
    clearTimeout(timer)
  }
}
