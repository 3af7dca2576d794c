import type { QueueLog } from '../src/port.js'

export interface LogEntry {
  level: 'info' | 'warn' | 'error'
  details: { err?: Error }
  message: string
}

export interface RecordingLog extends QueueLog {
  entries: LogEntry[]
  /** Whether an entry of the level has a message with this text in it. */
  has: (level: LogEntry['level'], text: string) => boolean
}

export function createRecordingLog (): RecordingLog {
  const entries: LogEntry[] = []
  const record = (level: LogEntry['level']) => (details: object, message: string): void => {
    entries.push({ level, details, message })
  }
  return {
    entries,
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    has: (level, text) => entries.some(entry => entry.level === level && entry.message.includes(text))
  }
}
