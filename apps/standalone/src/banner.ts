import type { PlatformMode } from '@insights/runtime'
import { PLATFORMS, type Platform } from '@insights/shared'

export interface BannerFacts {
  url: string
  dataDir: string
  platformModes: Record<Platform, PlatformMode>
  /** Shown in full, this once; `null` when there is none to show. */
  firstToken: string | null
  hasBootstrapToken: boolean
  hasDashboard: boolean
}

const EXAMPLE = '{"number_of_roles":1,"twitter_handle":"gigpro","works":[{"item_id":"l4WNrvVjiTw","source_type":1,"is_individual_work":true,"in_app_plays":7}]}'

/** What `npm start` prints for the person in front of it, with a command that works when pasted. */
export function buildBanner (facts: BannerFacts): string {
  const token = facts.firstToken ?? (facts.hasBootstrapToken ? '$BOOTSTRAP_TOKEN' : '$INSIGHTS_TOKEN')
  return [
    '',
    `Insights is running at ${facts.url}`,
    `  data        ${facts.dataDir} (embedded database)`,
    `  platforms   ${PLATFORMS.map(platform => `${platform}: ${facts.platformModes[platform]}`).join(', ')}`,
    ...sandboxLines(facts),
    ...tokenLines(facts),
    `  docs        ${facts.url}/docs (sign in with any user name and the token as password)`,
    ...(facts.hasDashboard ? [`  queues      ${facts.url}/queues (sign in the same way)`] : []),
    '',
    '  Post an insight:',
    `  curl -s -X POST ${facts.url}/api/user_insights/ -H "Authorization: Token ${token}" -H 'Content-Type: application/json' -d '${EXAMPLE}'`,
    '',
    '  Read it back with its counts and score (with the id that the first one answered):',
    `  curl -s ${facts.url}/api/user_insights/1 -H "Authorization: Token ${token}"`,
    '',
    '  Ctrl-C stops it; nothing is lost.',
    ''
  ].join('\n')
}

function sandboxLines ({ platformModes }: BannerFacts): string[] {
  const isSandboxed = PLATFORMS.some(platform => platformModes[platform] === 'sandbox')
  return isSandboxed
    ? ['              The sandbox is a local stand-in: its counts are made up. A platform with credentials', '              (docs/configuration.md) is asked for real.']
    : []
}

function tokenLines ({ firstToken, hasBootstrapToken }: BannerFacts): string[] {
  if (firstToken !== null) return [`  token       ${firstToken}`, '              Keep it: it is shown this once and stored only as a hash.']
  if (hasBootstrapToken) return ['  token       the one in BOOTSTRAP_TOKEN']
  return ['  token       the one shown at the first start; lost it? start once with BOOTSTRAP_TOKEN set to one of your own']
}
