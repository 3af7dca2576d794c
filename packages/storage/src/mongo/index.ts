/** The stores on MongoDB. These files are the only ones that import mongoose, and nothing of it leaves them. */
export { migrateMongo } from './migrate.js'
export { openMongo, type OpenMongoOptions } from './open.js'
