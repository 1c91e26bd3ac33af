import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls'
import type { Logger } from '../logger.ts'

/** Where the server's certificate chain and its key are (PEM). */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** A certificate that a server can be started with. */
export interface Certificate {
  readonly options: SecureContextOptions & Pair
  readonly expires: Date
}

/**
 * Reads a certificate and its key.
 *
 * @throws an error that says why where they are not there, are none, or do not belong together
 */
export const readCertificate = (files: CertificateFiles): Certificate => certificateOf(readPair(files))

/**
 * Reads the certificate of a running server again whenever its files differ from those that it was started with:
 * connections that begin from then on get the new one. What cannot be used changes nothing, and is told in the log.
 *
 * The files are read by time, not watched by the system, which does not see through the links that Kubernetes replaces,
 * and compared by what they hold: a change is seen whenever it is made. Answers how to stop.
 */
export function followCertificate(
  server: Server,
  files: CertificateFiles,
  {
    started,
    logger,
    everyMs,
  }: { readonly started: Certificate; readonly logger?: Logger | undefined; readonly everyMs: number },
): () => void {
  let known = fingerprint(started.options)
  const look = (): void => {
    let found: string | undefined
    try {
      const pair = readPair(files)
      found = fingerprint(pair)
      if (found === known) return
      const { options, expires } = certificateOf(pair)
      if (expires.getTime() < Date.now()) throw new Error(`it expired at ${expires.toISOString()}`)
      server.setSecureContext(options)
      logger?.info({ expires: expires.toISOString() }, 'the certificate was read again')
    } catch (error) {
      // Where the files cannot be read, why is all that tells one look from the next.
      found ??= String(error)
      if (found !== known) logger?.error({ err: error }, 'the new certificate cannot be used: the old one stays')
    }
    known = found
  }
  const timer = setInterval(look, everyMs).unref()
  return () => clearInterval(timer)
}

interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
}

const readPair = ({ certFile, keyFile }: CertificateFiles): Pair => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
})

const fingerprint = ({ cert, key }: Pair): string => createHash('sha256').update(cert).update(key).digest('base64')

function certificateOf(pair: Pair): Certificate {
  const options = { ...pair, minVersion: 'TLSv1.3' } as const
  // A server that is given others than these two goes on with half of them.
  createSecureContext(options)
  return { options, expires: new Date(new X509Certificate(options.cert).validTo) }
}
