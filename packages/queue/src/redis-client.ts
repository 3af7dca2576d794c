import { Redis, type Cluster } from 'ioredis'
import type { Milliseconds } from '@insights/shared'

/** A connection to one server, which may change with a failover, or to all nodes of a cluster. */
export type RedisClient = Redis | Cluster

/** Calls `onNode` for each server that the connection reaches, each time it is ready. */
export function onNodeReady (redis: RedisClient, onNode: (node: Redis) => void): void {
  if (redis instanceof Redis) {
    redis.on('ready', () => { onNode(redis) })
    return
  }
  const attach = (node: Redis): void => { node.on('ready', () => { onNode(node) }) }
  for (const node of redis.nodes('all')) attach(node)
  redis.on('+node', attach)
}

/** Resolves when the connection has ended, and after `limitMs` in any case. */
export async function disconnect (redis: RedisClient, limitMs: Milliseconds): Promise<void> {
  // One that pauses between two tries ends without an event.
  const isDown = redis.status === 'end' || redis.status === 'reconnecting'
  const ended = isDown ? undefined : firstOf(redis, ['end'], limitMs)
  redis.disconnect()
  await ended
}

/** Waits for the first of the events, and for `limitMs` at the most. */
export async function firstOf (redis: RedisClient, events: readonly string[], limitMs: Milliseconds): Promise<void> {
  await new Promise<void>(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      for (const event of events) redis.off(event, done)
      resolve()
    }
    const timer = setTimeout(done, limitMs)
    for (const event of events) redis.once(event, done)
  })
}

/** Whether the user may not run the command. */
export function isRefusal (error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOPERM')
}
