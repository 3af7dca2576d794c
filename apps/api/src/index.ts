export { buildApp } from './app.js'
export { buildOpenApiDocument } from './openapi/build-document.js'
export type { ApiDeps, ApiSettings } from './deps.js'
export { startServer, type ApiServer, type ServerDeps } from './server.js'
