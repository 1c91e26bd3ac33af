import { PGlite } from '@electric-sql/pglite'
import { describeStorage } from '@florin/core/testing'
import { fromPglite, fromPool, migrateToLatest, postgresStorage } from '../src/index.ts'
import { freshDatabase } from './fresh-database.ts'

describeStorage({
  name: 'Postgres',
  async open() {
    const database = await freshDatabase()
    return { storage: postgresStorage({ database: fromPool(database.pool()) }), close: database.close }
  },
})

describeStorage({
  name: 'Postgres without prepared statements, in another time zone and other output styles',
  async open() {
    const fresh = await freshDatabase()
    const options = '-c TimeZone=America/St_Johns -c DateStyle=SQL,DMY -c bytea_output=escape'
    const database = fromPool(fresh.pool({ options }), { preparedStatements: false })
    return { storage: postgresStorage({ database }), close: fresh.close }
  },
})

describeStorage({
  name: 'PGlite',
  async open() {
    const pglite = await PGlite.create()
    const database = fromPglite(pglite)
    await migrateToLatest(database)
    return { storage: postgresStorage({ database }), close: () => pglite.close() }
  },
})
