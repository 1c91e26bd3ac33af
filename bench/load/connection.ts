import { connect, type Socket } from 'node:net'

/** One keep-alive connection with one request in flight at a time. */
export interface Connection {
  send(request: Buffer): void
  close(): void
}

const HEADER_END = Buffer.from('\r\n\r\n')
const CHUNKS_END = Buffer.from('0\r\n\r\n')

/**
 * Opens a connection that hands on the status of each answer. It knows as much of HTTP as it needs to tell where an
 * answer ends, so that it takes as little as possible of the processors that it shares with what is measured.
 */
export async function openConnection(
  port: number,
  onAnswer: (status: number) => void,
  onError: (error: Error) => void,
): Promise<Connection> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  let closed = false
  socket.on('error', onError)
  socket.on('close', () => {
    if (!closed) onError(new Error('the server closed a connection'))
  })
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
    const answer = readAnswer(received)
    if (!answer) return
    received = received.subarray(answer.length)
    onAnswer(answer.status)
  })
  return {
    send: (request) => void socket.write(request),
    close() {
      closed = true
      socket.destroy()
    },
  }
}

function readAnswer(bytes: Buffer): { readonly status: number; readonly length: number } | undefined {
  const end = bytes.indexOf(HEADER_END)
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end).toLowerCase()
  const status = Number(head.slice(9, 12))
  const body = end + HEADER_END.length
  const declared = head.indexOf('\r\ncontent-length:')
  if (declared >= 0) {
    const length = body + Number.parseInt(head.slice(declared + 17, declared + 30), 10)
    return bytes.length >= length ? { status, length } : undefined
  }
  if (!head.includes('\r\ntransfer-encoding: chunked')) return { status, length: body }
  const last = bytes.indexOf(CHUNKS_END, body)
  return last < 0 ? undefined : { status, length: last + CHUNKS_END.length }
}
