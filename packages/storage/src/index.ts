export type * from './port.js'
export * from './list-port.js'
export type * from './token-port.js'
export * from './tokens.js'
