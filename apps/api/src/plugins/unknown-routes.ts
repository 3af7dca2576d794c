import type { FastifyInstance, FastifyRequest } from 'fastify'
import plugin from 'fastify-plugin'
import { AppError } from '@insights/shared'
import { ACCEPT_PATCH } from '../bodies/media-type.js'

interface KnownPath {
  /** Its segments; those that begin with a colon stand for any text. */
  pattern: string[]
  methods: Set<string>
}

/**
 * Answers what no route answers: 204 with `Allow` to OPTIONS, 405 with `Allow` to a method that a path does not have,
 * 404 to other paths. It answers before a body is read, so that what the body is does not matter. Has to be
 * registered before the routes, which it takes note of.
 */
export const unknownRoutes = plugin(async (app: FastifyInstance) => {
  const paths = new Map<string, KnownPath>()
  app.addHook('onRoute', route => {
    const known = paths.get(route.url) ?? { pattern: segmentsOf(route.url), methods: new Set(['OPTIONS']) }
    for (const method of [route.method].flat()) known.methods.add(method)
    paths.set(route.url, known)
  })
  // What a route itself does not find, such as a file of a page.
  app.setNotFoundHandler(() => { throw unknownRoute() })
  /** `/bulk` is no id: what the router takes for one because the path lacks the method is not found either. */
  const isMistaken = ({ url, routeOptions }: FastifyRequest): boolean =>
    routeOptions.url?.includes(':') === true && paths.has(segmentsOf(decodePath(url.split('?', 1)[0] ?? '')).join('/'))
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404 && !isMistaken(request)) return
    const allow = methodsOf(request, paths.values())
    if (allow === null) throw unknownRoute()
    if (request.method === 'OPTIONS') {
      if (allow.includes('PATCH')) reply.header('accept-patch', ACCEPT_PATCH)
      return await reply.code(204).header('allow', allow.join(', ')).send()
    }
    throw new AppError('INS_ROUTE_METHOD', `This resource has ${allow.join(', ')}.`, { allow })
  })
}, { name: 'unknown-routes' })

function unknownRoute (): AppError {
  return new AppError('INS_ROUTE_UNKNOWN', 'Nothing is found under this path.')
}

function methodsOf (request: FastifyRequest, paths: Iterable<KnownPath>): string[] | null {
  const segments = segmentsOf(decodePath(request.url.split('?', 1)[0] ?? ''))
  const fitting = [...paths].filter(({ pattern }) => fits(pattern, segments))
  // As the router does: a path that is spelled out goes before one with a placeholder.
  const known = fitting.find(({ pattern }) => !pattern.some(part => part.startsWith(':'))) ?? fitting[0]
  return known === undefined ? null : [...known.methods].sort()
}

/** The parts between the slashes; one slash at the end makes no difference. */
function segmentsOf (path: string): string[] {
  return path.replace(/\/$/, '').split('/')
}

function fits (pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false
  return pattern.every((part, index) => part.startsWith(':') || part === segments[index])
}

function decodePath (path: string): string {
  try {
    return decodeURI(path)
  } catch {
    return path // Percent-encoding that can not be read matches no route either.
  }
}
