/** Makes the cheapest real call to each platform and judges the answer. */
import { PLATFORM_CREDENTIALS, type VariableName } from '@insights/config'
import type { CountOutcome, PlatformClients } from '@insights/platforms'
import { toTimestamp, type Platform } from '@insights/shared'

/** `works`: the credentials are good for the call that the service makes; what it found does not matter. */
export type CheckState = 'works' | 'fails' | 'not_configured'

/** In the platform's own coin. */
export interface Cost {
  amount: number
  unit: 'quota units' | 'tokens' | 'dollars' | 'calls'
  /** Whether it may have been less: the platform said nothing, or is not clear about what it charges. */
  isAtMost: boolean
}

export interface PlatformCheck {
  platform: Platform
  state: CheckState
  /** One sentence or more, without any secret. */
  detail: string
  /** The variables to set or to look at; none when it works. */
  variables: VariableName[]
  cost: Cost
}

/** What a try costs, and how many of them a call without an answer makes at most. */
const PRICES: Record<Platform, { amount: number, unit: Cost['unit'], tries: number }> = {
  youtube: { amount: 1, unit: 'quota units', tries: 3 },
  soundcloud: { amount: 1, unit: 'tokens', tries: 2 },
  // An account is charged once a day, however often it is asked for.
  x: { amount: 0.01, unit: 'dollars', tries: 1 },
  facebook: { amount: 1, unit: 'calls', tries: 3 },
  instagram: { amount: 1, unit: 'calls', tries: 3 }
}

/**
 * Whom to ask for. YouTube: its first video. SoundCloud: the track of its documentation. X: a handle that should not
 * exist, because X charges for accounts that it finds. Instagram: the account of Meta's documentation.
 */
const IDS = { youtube: 'jNQXAC9IVRw', soundcloud: '13158665', x: 'insights_check_', instagram: 'bluebottle' } as const

export const X_WARNING = 'X charges 0.01 dollars for each account that it returns. One handle is asked for that should not exist.'

export interface CheckTools {
  /** The configured platforms only. */
  clients: PlatformClients
  facebookPage: string
  /** Told before a call that may cost money. */
  warn: (text: string) => void
  /** What has been taken of the limits of the service for this platform, by bucket; `null` = nothing is counted. */
  chargedFor: (platform: Platform) => Readonly<Record<string, number>> | null
}

export async function checkPlatform (platform: Platform, { clients, facebookPage, warn, chargedFor }: CheckTools): Promise<PlatformCheck> {
  const client = clients[platform]
  if (client === undefined) return notConfigured(platform)
  if (platform === 'x') warn(X_WARNING)
  const [outcome] = await client.fetchCounts([platform === 'facebook' ? facebookPage : IDS[platform]], { urgency: 'on_demand' })
  return {
    platform,
    ...judge(platform, outcome as CountOutcome, facebookPage),
    cost: costOf(platform, outcome as CountOutcome, chargedFor(platform))
  }
}

function notConfigured (platform: Platform): PlatformCheck {
  const variables = [...PLATFORM_CREDENTIALS[platform].required]
  return { platform, state: 'not_configured', detail: '', variables, cost: { amount: 0, unit: PRICES[platform].unit, isAtMost: false } }
}

type Judgement = Pick<PlatformCheck, 'state' | 'detail' | 'variables'>

function judge (platform: Platform, outcome: CountOutcome, facebookPage: string): Judgement {
  if (outcome.kind === 'failed') return judgeFailure(platform, outcome.failure)
  if (platform === 'facebook' && outcome.kind === 'not_found') {
    return {
      state: 'fails',
      detail: `Facebook does not show page ${facebookPage}: the app lacks Page Public Metadata Access, or the page is gone. Name one of your own with --facebook-page.`,
      variables: ['FACEBOOK_ACCESS_TOKEN']
    }
  }
  return { state: 'works', detail: outcome.kind === 'ok' ? '' : 'It answers, and does not know what was asked for.', variables: [] }
}

type Failure = Extract<CountOutcome, { kind: 'failed' }>['failure']

function judgeFailure (platform: Platform, { reason, detail, retryAt }: Failure): Judgement {
  const until = retryAt === null ? '' : ` Not before ${toTimestamp(retryAt)}.`
  return { state: 'fails', detail: detail + until, variables: variablesFor(platform, reason) }
}

/** Where the remedy may lie: with refused credentials in these, with a place that is not the platform in its address. */
function variablesFor (platform: Platform, reason: Failure['reason']): VariableName[] {
  const { required, optional, addresses } = PLATFORM_CREDENTIALS[platform]
  if (reason === 'auth') return [...required, ...optional]
  return reason === 'transient' || reason === 'request' ? [...addresses] : []
}

function costOf (platform: Platform, outcome: CountOutcome, charged: Readonly<Record<string, number>> | null): Cost {
  if (charged !== null) return chargedCost(platform, outcome, charged)
  const { amount, unit, tries } = PRICES[platform]
  if (outcome.kind === 'failed') {
    const most = outcome.failure.reason === 'transient' ? amount * tries : amount
    return { amount: most, unit, isAtMost: true }
  }
  // X is not clear about whether it charges for accounts that it does not find.
  return { amount, unit, isAtMost: platform === 'x' && outcome.kind !== 'ok' }
}

/** The buckets of the service's limits that hold the coin of each platform, and how many of their units one of it is. */
const COINS: Record<Platform, { buckets: readonly string[], perCoin: number }> = {
  youtube: { buckets: ['stats', 'videos'], perCoin: 1 },
  soundcloud: { buckets: ['grants'], perCoin: 1 },
  x: { buckets: ['spend'], perCoin: 100 },
  facebook: { buckets: ['calls'], perCoin: 1 },
  instagram: { buckets: ['calls'], perCoin: 1 }
}

/** What was taken before each try; the platform may have charged less where there is no answer. */
function chargedCost (platform: Platform, { kind }: CountOutcome, charged: Readonly<Record<string, number>>): Cost {
  const { buckets, perCoin } = COINS[platform]
  const units = buckets.reduce((sum, bucket) => sum + (charged[bucket] ?? 0), 0)
  return { amount: units / perCoin, unit: PRICES[platform].unit, isAtMost: units > 0 && (kind === 'failed' || (platform === 'x' && kind !== 'ok')) }
}
