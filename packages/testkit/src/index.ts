export * from './free-port.js'
export * from './redis-server.js'
export * from './service-process.js'
export * from './api-client.js'
