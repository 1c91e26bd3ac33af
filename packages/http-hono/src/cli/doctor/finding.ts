/** One line of `florin doctor`. */
export interface Finding {
  readonly check: string
  readonly state: 'pass' | 'warn' | 'fail'
  readonly says: string
  /** What to do about it; a pass needs nothing. */
  readonly fix?: string
}

/** It works, and there is nothing to do. */
export const pass = (check: string, says: string): Finding => ({ check, state: 'pass', says })

/** It works, but somebody should know. */
export const warn = (check: string, says: string, fix: string): Finding => ({ check, state: 'warn', says, fix })

/** Not fit for real money. */
export const fail = (check: string, says: string, fix: string): Finding => ({ check, state: 'fail', says, fix })

/** A difference of two clocks, in seconds. */
export function clockFinding(
  whose: string,
  seconds: number,
  { warnFrom, failFrom }: { warnFrom: number; failFrom: number },
): Finding {
  const check = `clock against ${whose}`
  const off = Math.abs(seconds)
  const says = `${off < 1 ? 'less than a second' : `${off.toFixed(0)} s`} apart`
  const fix = 'set the time of this machine by NTP'
  return off >= failFrom ? fail(check, says, fix) : off >= warnFrom ? warn(check, says, fix) : pass(check, says)
}

/** Whether a host is this machine, so that nobody can listen in between. */
export const isHere = (host: string): boolean => /^(127\.|localhost$|\[?::1\]?$|\/)/.test(host)
