import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { atExit } from './cleanup.ts'
import { firstLine, outputOf, type Service } from './service.ts'

interface Container {
  readonly image: string
  readonly port: number
  readonly run: readonly string[]
  readonly command: readonly string[]
  /** A command inside the container that succeeds once the server answers. */
  readonly probe: readonly string[]
  readonly url: (port: number) => string
}

/** Runs a throw-away container on a random loopback port, where a Docker engine answers. */
export async function startContainer(wanted: Container): Promise<Service | { unavailable: string }> {
  if (!outputOf('docker', ['version', '--format', '{{.Server.Version}}'])) {
    return { unavailable: 'no Docker engine answers' }
  }
  const publish = `127.0.0.1::${wanted.port}`
  let id: string
  try {
    const args = ['run', '--detach', '--rm', '--publish', publish, ...wanted.run, wanted.image, ...wanted.command]
    id = execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  } catch (error) {
    return { unavailable: `docker run ${wanted.image}: ${firstLine(error)}` }
  }
  const remove = () => {
    outputOf('docker', ['rm', '--force', '--volumes', id], 30_000)
  }
  const forget = atExit(remove)
  const stop = async () => {
    remove()
    forget()
  }
  const port = outputOf('docker', ['port', id, `${wanted.port}/tcp`])?.match(/^127\.0\.0\.1:(\d+)$/m)?.[1]
  for (let attempt = 0; port && attempt < 300; attempt++) {
    if (outputOf('docker', ['exec', id, ...wanted.probe]) !== undefined) return { url: wanted.url(Number(port)), stop }
    await sleep(100)
  }
  await stop()
  return { unavailable: `the container of ${wanted.image} was not ready after 30 s` }
}
