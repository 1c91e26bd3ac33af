import { X509Certificate } from 'node:crypto'
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls'
import type { Logger } from '../logger.ts'

/** Where the server's certificate chain and its key are (PEM). */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** A certificate that a server can be started with. */
export interface Certificate {
  readonly options: SecureContextOptions
  readonly expires: Date
}

/**
 * Reads a certificate and its key.
 *
 * @throws an error that says why where they are not there, are none, or do not belong together
 */
export function readCertificate({ certFile, keyFile }: CertificateFiles): Certificate {
  const [cert, key] = [readFileSync(certFile), readFileSync(keyFile)]
  const options = { cert, key, minVersion: 'TLSv1.3' } as const
  // A server that is given others than these two goes on with half of them.
  createSecureContext(options)
  return { options, expires: new Date(new X509Certificate(cert).validTo) }
}

/**
 * Reads the certificate of a running server again whenever its files change: connections that begin from then on get the
 * new one. What cannot be used changes nothing, and is told in the log.
 *
 * The files are looked at by time, not watched by the system, which does not see through the links that Kubernetes
 * replaces. Answers how to stop.
 */
export function followCertificate(
  server: Server,
  files: CertificateFiles,
  { logger, everyMs = 5000 }: { logger?: Logger | undefined; everyMs?: number | undefined },
): () => void {
  const read = (): void => {
    try {
      const { options, expires } = readCertificate(files)
      if (expires.getTime() < Date.now()) throw new Error(`it expired at ${expires.toISOString()}`)
      server.setSecureContext(options)
      logger?.info({ expires: expires.toISOString() }, 'the certificate was read again')
    } catch (error) {
      logger?.error({ err: error }, 'the new certificate cannot be used: the old one stays')
    }
  }
  const paths = [files.certFile, files.keyFile]
  for (const path of paths) watchFile(path, { interval: everyMs, persistent: false }, read)
  return () => {
    for (const path of paths) unwatchFile(path, read)
  }
}
