import { parseArgs } from 'node:util'
import { PLATFORMS, type Platform } from '@insights/shared'

export interface CheckOptions {
  isJson: boolean
  isHelp: boolean
  /** The platforms to check, in our order. */
  platforms: Platform[]
  /** The page that Facebook is asked for. */
  facebookPage: string
}

/** The page of Facebook for developers: an app with the right feature can read it, and so can a review of it. */
const FACEBOOK_PAGE = '19292868552'

/** Wrong usage; the message says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError */
export function readArguments (args: readonly string[]): CheckOptions {
  const { json = false, help = false, only, 'facebook-page': facebookPage = FACEBOOK_PAGE } = parse(args)
  if (!/^[1-9]\d{4,19}$/.test(facebookPage)) throw new UsageError('--facebook-page takes the number of a page, 5 to 20 digits.')
  return { isJson: json, isHelp: help, platforms: only === undefined ? [...PLATFORMS] : readPlatforms(only), facebookPage }
}

function parse (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        only: { type: 'string' },
        'facebook-page': { type: 'string' }
      }
    }).values
  } catch {
    // What is wrong repeats an argument, which may be a secret in the wrong place.
    throw new UsageError('There is an argument that is not known or lacks its value.')
  }
}

function readPlatforms (list: string): Platform[] {
  const names = new Set(list.split(',').map(name => name.trim()))
  const platforms = PLATFORMS.filter(platform => names.has(platform))
  if (platforms.length !== names.size) throw new UsageError(`--only takes ${PLATFORMS.join(', ')}, separated by commas.`)
  return platforms
}
