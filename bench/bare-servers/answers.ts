/** What a bare server answers to one call, the same each time, written as JSON anew for each request like any answer. */
export interface Answer {
  method: string
  /** As the frameworks write paths. */
  path: string
  status: number
  body: unknown
}

/** Reads the answers from the command line, and ends the process with the one that started it. */
export function readAnswers (): Answer[] {
  process.once('disconnect', () => { process.exit() })
  return JSON.parse(process.argv[2] ?? '') as Answer[]
}

/** Tells the process that started this one where it listens. */
export function reportUrl (url: string): void {
  process.send?.(url)
}
