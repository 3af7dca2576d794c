import { PGlite } from '@electric-sql/pglite'

// Run as a process of its own by embedded-db.ts, with the directory of the new database as the only argument.
const [, , path] = process.argv
if (path === undefined) throw new Error('The directory of the new database is missing')
const db = await PGlite.create(path)
await db.close()
