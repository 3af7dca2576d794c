export type * from './port.js'
export type * from './token-port.js'
export * from './tokens.js'
