/** The only file that imports prom-client: every metric with its name, help text, labels and buckets. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds. From a read that is answered at once to one that ends at the limit. */
const HTTP_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** Seconds. Platforms take tenths of a second; the deadline of a lookup is at most a minute. */
const CALL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export type Instruments = ReturnType<typeof createInstruments>

/** A registry of its own with all instruments in it, so that several apps can live in one process. */
export function createInstruments () {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    httpDuration: new Histogram({
      name: 'insights_http_request_duration_seconds',
      help: 'Time from the arrival of a request to the end of its answer.',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: HTTP_BUCKETS,
      registers
    }),
    refreshes: new Counter({
      name: 'insights_refreshes_total',
      help: 'Refreshed insights, by what became of the result.',
      labelNames: ['outcome'] as const,
      registers
    }),
    runDuration: new Histogram({
      name: 'insights_refresh_run_duration_seconds',
      help: 'Time of one run that refreshes a batch of insights.',
      buckets: CALL_BUCKETS,
      registers
    }),
    lookups: new Counter({
      name: 'insights_source_lookups_total',
      help: 'Lookups of one count each, by what they gave.',
      labelNames: ['platform', 'outcome'] as const,
      registers
    }),
    callDuration: new Histogram({
      name: 'insights_platform_call_duration_seconds',
      help: 'Time of one call for a batch of ids, with its repeats.',
      labelNames: ['platform', 'outcome'] as const,
      buckets: CALL_BUCKETS,
      registers
    }),
    callIds: new Counter({
      name: 'insights_platform_call_ids_total',
      help: 'Ids that calls have asked for.',
      labelNames: ['platform'] as const,
      registers
    }),
    callCapacity: new Counter({
      name: 'insights_platform_call_capacity_ids_total',
      help: 'Ids that the same calls could have asked for; the ratio of the two is how full batches are.',
      labelNames: ['platform'] as const,
      registers
    }),
    enqueueFailures: new Counter({
      name: 'insights_enqueue_failures_total',
      help: 'Jobs that could not be added; the planner makes up for them.',
      registers
    }),
    storeUp: new Gauge({ name: 'insights_store_up', help: 'Whether the store answers: 1 or 0.', registers }),
    queueUp: new Gauge({ name: 'insights_queue_up', help: 'Whether the queue answers: 1 or 0.', registers }),
    due: new Gauge({
      name: 'insights_due_insights',
      help: 'Insights that are due and not planned yet, counted up to 10001.',
      registers
    }),
    oldestDueAge: new Gauge({
      name: 'insights_oldest_due_age_seconds',
      help: 'For how long the insight that waits longest has been due; 0 = none is due.',
      registers
    }),
    jobs: new Gauge({
      name: 'insights_queue_jobs',
      help: 'Jobs in a queue, by state.',
      labelNames: ['queue', 'state'] as const,
      registers
    }),
    ...createPlatformGauges(registers)
  }
}

/** What all workers know together of a platform; each process shows the same. */
function createPlatformGauges (registers: Registry[]) {
  const gauge = <L extends string>(name: string, help: string, ...labels: L[]): Gauge<'platform' | L> =>
    new Gauge({ name: `insights_platform_${name}`, help, labelNames: ['platform', ...labels], registers })
  return {
    platformUp: gauge('state_up', 'Whether what the workers share about the platform can be read: 1 or 0.'),
    quotaUsed: gauge('quota_used', 'What is used of a limit in its period, in calls, units or grants, as the bucket counts.', 'bucket'),
    quotaLimit: gauge('quota_limit', 'The most that may be used of it in one period.', 'bucket'),
    spendUsed: gauge('spend_used_dollars', 'What has been spent in the period of the limit.', 'bucket'),
    spendLimit: gauge('spend_limit_dollars', 'The most that may be spent in one period.', 'bucket'),
    quotaReset: gauge('quota_reset_timestamp_seconds', 'When the period ends, or when its oldest use no longer counts.', 'bucket'),
    parked: gauge('parked', 'Whether the platform is left alone because it has refused, or said that a limit is reached: 1 or 0.'),
    parkedUntil: gauge('parked_until_timestamp_seconds', 'When it may be asked again, while it is parked.'),
    circuit: gauge('circuit', 'The state of the circuit: 1 for the one that it is in, 0 for the others.', 'state'),
    lastSuccess: gauge('last_success_timestamp_seconds', 'When the platform answered last, noted every ten seconds at most.')
  }
}
