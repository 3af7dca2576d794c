import type { Platform } from '@insights/shared'
import type { StandIn, World } from './exchange.js'
import { createFacebook } from './facebook.js'
import { createGraphBudget } from './graph-budget.js'
import { createInstagram } from './instagram.js'
import { createSoundcloud } from './soundcloud.js'
import { createX } from './x.js'
import { createYoutube } from './youtube.js'

/** The five stand-ins of one sandbox and where they are. */
export interface Platforms {
  standIn: (platform: Platform) => StandIn
  /** The platform at a path, where its base ends, and the path below it; `null` when none is there. */
  route: (pathname: string) => { standIn: StandIn, base: string, path: string } | null
  reset: () => void
}

export function createPlatforms (world: World): Platforms {
  const appBudget = createGraphBudget(world)
  const instagramBudget = createGraphBudget(world)
  const standIns = {
    youtube: createYoutube(world),
    soundcloud: createSoundcloud(world),
    x: createX(world),
    facebook: createFacebook(world, () => appBudget),
    // One app, one budget: that is how Facebook counts unless Instagram has an app of its own.
    instagram: createInstagram(world, () => world.settings.values.graph.oneApp ? appBudget : instagramBudget)
  }
  const routes: Array<[RegExp, StandIn]> = [
    [/^\/youtube\/v3(?=\/|$)/, standIns.youtube],
    [/^\/soundcloud(?=\/|$)/, standIns.soundcloud],
    [/^\/x(?=\/|$)/, standIns.x],
    [/^\/facebook(?:\/v\d+\.\d+)?(?=\/|$)/, standIns.facebook],
    [/^\/instagram(?:\/v\d+\.\d+)?(?=\/|$)/, standIns.instagram],
    [/^\/graph\.instagram\.com(?:\/v\d+\.\d+)?(?=\/|$)/, instagramLogin(standIns.instagram)]
  ]
  return {
    standIn: platform => standIns[platform],
    route: pathname => {
      for (const [pattern, standIn] of routes) {
        const base = pattern.exec(pathname)?.[0]
        if (base !== undefined) return { standIn, base, path: pathname.slice(base.length) || '/' }
      }
      return null
    },
    reset: () => {
      for (const standIn of Object.values(standIns)) standIn.reset()
      instagramBudget.clear()
    }
  }
}

/** The host of Instagram Login, which has no discovery by handle. */
function instagramLogin (instagram: StandIn): StandIn {
  return { ...instagram, answer: call => instagram.error('100/instagram_login', call) }
}
