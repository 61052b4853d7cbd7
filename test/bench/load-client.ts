/** The load generator for machines without wrk: a job as JSON on the input, answers per second on the output. */
import type { Shot } from './load.ts'

const {
  url,
  method,
  headers = {},
  body = '',
  bodies,
  authorizations,
  chain,
  seconds,
  connections,
}: Shot & Record<'seconds' | 'connections', number> = await Bun.stdin.json()
const { hostname, port, host, pathname, search } = new URL(url)
const fields = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}`)
const head = [`${method} ${pathname}${search} HTTP/1.1`, ...fields]
const always = requestWith(body)
const inTurn = bodies?.map((each) => requestWith(each))
let turn = 0
const lines = authorizations === undefined ? undefined : (await Bun.file(authorizations).text()).split('\n').values()
const next = chain && new RegExp(`"${chain.member}":"([^"]+)"`)
const waiting = [...(chain?.first ?? [])]

function requestWith(text: string, ...more: readonly string[]): Buffer {
  return Buffer.from([...head, `content-length: ${Buffer.byteLength(text)}`, ...more, '', text].join('\r\n'))
}

function request(): Buffer {
  if (inTurn) return inTurn[turn++ % inTurn.length] ?? always
  if (lines) return requestWith(body, `authorization: ${lines.next().value ?? ''}`)
  return chain ? requestWith(`${body}${waiting.pop()}`) : always
}

const end = performance.now() + seconds * 1000
let answered = 0

/** One request at a time on one connection, until the time is over. */
function connection(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let received = ''
  const socket = {
    open: (to: Bun.Socket) => void to.write(request()),
    data(from: Bun.Socket, chunk: Buffer) {
      received += chunk.toString('latin1')
      const [whole, length] =
        /^HTTP\/1\.1 200 [^]*?\r\ncontent-length: (\d+)\r\n(?:[^]*?\r\n)?\r\n/i.exec(received) ?? []
      if (whole === undefined) {
        if (/^HTTP\/1\.1 (?!200)/.test(received)) reject(new Error(`Not answered with success: ${received}`))
        return
      }
      if (received.length < whole.length + Number(length)) return
      if (next) waiting.push(next.exec(received)?.[1] ?? '')
      received = ''
      answered++
      if (performance.now() < end) from.write(request())
      else from.end()
    },
    close: () => resolve(),
    error: (_: Bun.Socket, error: Error) => reject(error),
  }
  void Bun.connect({ hostname, port: Number(port), socket }).catch(reject)
  return promise
}

const start = performance.now()
await Promise.all(Array.from({ length: connections }, connection))
if (answered === 0) throw new Error('Nothing was answered')
process.stdout.write(String(answered / ((performance.now() - start) / 1000)))
