import type { AttackWorld } from './attack-world.ts'

/** Bytes on a connection, and the status lines that came back before it ended; none where it was cut at once. */
export interface WireAttack {
  readonly name: string
  readonly bytes: (world: AttackWorld) => string | Uint8Array
  readonly answers: readonly number[]
}

const crlf = '\r\n'
const lines = (...parts: string[]) => `${parts.join(crlf)}${crlf}${crlf}`
const get = (target: string, ...headers: string[]) =>
  lines(`GET ${target} HTTP/1.1`, 'Host: a', 'Connection: close', ...headers)
const post = (body: string, ...headers: string[]) =>
  `${lines('POST /api/v1/payments HTTP/1.1', 'Host: a', 'Connection: close', ...headers)}${body}`
const hidden = lines('GET /metrics HTTP/1.1', 'Host: a')

const requests: Readonly<Record<string, readonly [bytes: WireAttack['bytes'] | string, ...answers: number[]]>> = {
  // Two servers that disagree where a request ends let one caller write the beginning of the next one's.
  'a length and pieces': [post(`0${crlf}${crlf}${hidden}`, 'Content-Length: 5', 'Transfer-Encoding: chunked'), 400],
  'pieces and a length': [post(`0${crlf}${crlf}${hidden}`, 'Transfer-Encoding: chunked', 'Content-Length: 5'), 400],
  'two lengths': [post(hidden, 'Content-Length: 0', `Content-Length: ${hidden.length}`), 400],
  'the same length twice': [post('{}', 'Content-Length: 2', 'Content-Length: 2'), 400],
  'two lengths in one header': [post('{}', 'Content-Length: 2, 2'), 400],
  'a length with a sign': [post('{}', 'Content-Length: +2'), 400],
  'a negative length': [post('{}', 'Content-Length: -1'), 400],
  'a length in hexadecimal': [post('{}', 'Content-Length: 0x2'), 400],
  'a length beyond all numbers': [post('{}', 'Content-Length: 99999999999999999999999999'), 400],
  'a length with a blank within': [post('{}', 'Content-Length: 1 0'), 400],
  'a name with a blank before its colon': [post(hidden, 'Transfer-Encoding : chunked', 'Content-Length: 0'), 400],
  'a coding that only ends as pieces do': [post(hidden, 'Transfer-Encoding: xchunked'), 400],
  'pieces within another coding': [post(`0${crlf}${crlf}`, 'Transfer-Encoding: chunked, identity'), 400],
  'a tab before the coding': [
    post(`0${crlf}${crlf}${hidden}`, 'Transfer-Encoding:\tchunked', 'Content-Length: 5'),
    400,
  ],
  'a coding on a line of its own': [post(hidden, 'X-A: b', ' Transfer-Encoding: chunked'), 400],
  'a piece without a size': [post(`zz${crlf}`, 'Transfer-Encoding: chunked'), 400],
  'a piece of a size beyond all numbers': [post(`fffffffffffffffff${crlf}`, 'Transfer-Encoding: chunked'), 400],
  'a line feed alone': ['GET /health HTTP/1.1\nHost: a\n\n', 400],
  'a carriage return alone': ['GET /health HTTP/1.1\rHost: a\r\r', 400],
  'a zero byte in a header': [get('/health', 'X-A: a\u0000b'), 400],
  'a zero byte in a name': [get('/health', 'X-\u0000A: b'), 400],
  'a control character in a header': [get('/health', 'X-A: a\u0001b'), 400],
  'a header without a name': [get('/health', ': b'), 400],
  'a header without a colon': [get('/health', 'nothing'), 400],
  'headers of 20 KB': [get('/health', `X-A: ${'a'.repeat(20_000)}`), 431],
  'five thousand headers': [get('/health', ...Array.from({ length: 5000 }, (_, index) => `X-${index}: a`)), 431],
  'an address of 20 KB': [get(`/health?${'a'.repeat(20_000)}`), 431],
  'no host': [lines('GET /health HTTP/1.1', 'Connection: close'), 400],
  'two hosts': [get('/health', 'Host: b'), 400],
  'a host that is a path': [lines('GET /health HTTP/1.1', 'Host: a/../b', 'Connection: close'), 400],
  'a host that is a user': [lines('GET /health HTTP/1.1', 'Host: a:b@c', 'Connection: close'), 400],
  'an empty host': [lines('GET /health HTTP/1.1', 'Host: ', 'Connection: close'), 400],
  'the host of another, in the address': [get('http://other.example/metrics'), 401],
  'no HTTP': ['hello, is anybody there?\r\n\r\n', 400],
  'TLS to a server without': [
    () => Uint8Array.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    400,
  ],
  'HTTP 2 by its first words': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  'HTTP 2 by an upgrade': [get('/health', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'), 200],
  'a web socket': [get('/health', 'Upgrade: websocket', 'Sec-WebSocket-Key: x', 'Sec-WebSocket-Version: 13'), 200],
  'HTTP 0.9': ['GET /health\r\n\r\n', 400],
  'HTTP 1.0': [lines('GET /health HTTP/1.0', 'Host: a'), 200],
  'HTTP 9.9': [lines('GET /health HTTP/9.9', 'Host: a'), 400],
  'a method that is none': [lines('STEAL /health HTTP/1.1', 'Host: a'), 400],
  'a method in lower case': [lines('get /health HTTP/1.1', 'Host: a'), 400],
  'a tunnel': [lines('CONNECT db:5432 HTTP/1.1', 'Host: db:5432')],
  'a trace': [
    lines('TRACE /api/v1/payments HTTP/1.1', 'Host: a', 'Connection: close', 'Authorization: Bearer secret'),
    405,
  ],
  'options of everything': [lines('OPTIONS * HTTP/1.1', 'Host: a', 'Connection: close'), 400],
  'a method of files': [lines('PROPFIND / HTTP/1.1', 'Host: a', 'Connection: close'), 404],
  'only the head': [lines('HEAD /health HTTP/1.1', 'Host: a', 'Connection: close'), 200],
  'an expectation that nobody meets': [get('/health', 'Expect: the-impossible'), 417],
  'a path upwards': [get('/api/v1/../../metrics'), 401],
  'an encoded path upwards': [get('/api/v1/%2e%2e/%2e%2e/metrics'), 401],
  'an encoded slash': [get('/api%2fv1%2fpayments'), 404],
  'two slashes': [get('//metrics'), 404],
  'another host by slashes': [get('//other.example/health'), 404],
  'back slashes': [get('/\\..\\metrics'), 400],
  'a zero byte in the path': [get('/metrics%00'), 404],
  'an encoding that is none': [get('/%zz%'), 404],
  'a line of a header in the path': [get('/health%0d%0aSet-Cookie:%20a=b'), 404],
  'a semicolon': [get('/metrics;.json'), 404],
  'a slash at the end': [get('/metrics/'), 404],
  'upper case': [get('/METRICS'), 404],
  'a fragment': [get('/health#/metrics'), 200],
  'a blank in the path': [get('/health /metrics'), 400],
  'bytes in the path': [
    () =>
      Buffer.concat([
        Buffer.from('GET /'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from(` HTTP/1.1${crlf}Host: a${crlf}${crlf}`),
      ]),
    400,
  ],
  'a file of the server': [get('/../../../../etc/passwd'), 404],
  'a file of the source': [get('/.env'), 404],
  'two requests, the second hidden in the body of the first': [
    `${lines('POST /api/v1/webhooks/stripe HTTP/1.1', 'Host: a', `Content-Length: ${hidden.length}`)}${hidden}${get('/health')}`,
    ...[400, 200],
  ],
  'two requests at once': [`${lines('GET /health HTTP/1.1', 'Host: a')}${get('/metrics')}`, 200, 401],
}

export const wireAttacks: readonly WireAttack[] = Object.entries(requests).map(([name, [bytes, ...answers]]) => ({
  name,
  bytes: typeof bytes === 'function' ? bytes : () => bytes,
  answers,
}))

/** The status lines in what came back. */
export const statusesIn = (heard: string): readonly number[] =>
  [...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)).filter((status) => status !== 100)
