/** What a bare server answers, the same each time, written as JSON anew for each request like any answer. */
export interface Answers {
  get: unknown
  post: unknown
}

/** Reads the answers from the command line, and ends the process with the one that started it. */
export function readAnswers (): Answers {
  process.once('disconnect', () => { process.exit() })
  return JSON.parse(process.argv[2] ?? '') as Answers
}

/** Tells the process that started this one where it listens. */
export function reportUrl (url: string): void {
  process.send?.(url)
}
