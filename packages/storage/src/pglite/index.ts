export { migratePglite } from './migrate.js'
export { createPgliteInsightStore } from './store.js'
export { createPgliteTokenStore } from './token-store.js'
