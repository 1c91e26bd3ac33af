// Run by services.test.ts, which kills it while its server is up.
import { startPostgres } from './postgres.ts'

const { url } = await startPostgres()
console.log(url)
setInterval(() => {}, 1000)
