import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Postgres refuses to run as root, so root lends it another account. Undefined when we are not root. */
export function accountWithoutRoot(names: readonly string[] = ['postgres', 'nobody']): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of names) {
    const [, , uid, gid] = accounts.find(([user]) => user === name) ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`Postgres does not run as root, and this machine has none of the accounts ${names.join(', ')}`)
}

/** Whether every folder above lets other accounts through; a clone under /root does not. */
export function isReachableByOthers(file: string): boolean {
  for (let path = dirname(file); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false
    if (path === dirname(path)) return true
  }
}
