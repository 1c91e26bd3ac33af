/** Whether a secret key is one of live mode. */
export const isLiveKey = (key: string): boolean => /^[sr]k_live_/.test(key)
