export { migratePglite } from './migrate.js'
export { settlePlatformModes, type RememberedMode } from './platform-modes.js'
export { createPgliteInsightStore } from './store.js'
export { createPgliteTokenStore } from './token-store.js'
