export { buildApp } from './app.js'
export type { ApiDeps, ApiSettings } from './deps.js'
