import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** What the tests read of a service in the compose file. */
export interface ComposeService {
  image: string
  build?: string
  command: string[]
  environment: Record<string, string | number>
  networks: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test?: string[], disable?: boolean }
  volumes?: string[]
  [key: string]: unknown
}

interface ComposeFile {
  services: Record<'mongo' | 'redis' | 'migrate' | 'api' | 'worker', ComposeService>
  networks: Record<string, { internal?: boolean } | null>
  volumes: Record<string, unknown>
}

export const composeText = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8')

export const compose: ComposeFile = parse(composeText, { merge: true })

/** The environment that a container gets, as compose fills it in from an .env file that holds `given`. */
export function environmentOf (service: ComposeService, given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(service.environment).map(([name, value]) =>
    [name, String(value).replace(/\$\{(\w+):[-?][^}]*\}/g, (_, variable: string) => given[variable] ?? '')]))
}
