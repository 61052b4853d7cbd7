/** `bun tap.ts FILE COMMAND…`: runs a plugin process and writes down every line of both directions, and whose it is. */
import { appendFileSync } from 'node:fs'

const [file = '', ...command] = process.argv.slice(2)
const child = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
await Promise.all([
  copy(Bun.stdin.stream(), '>', (text) => child.stdin.write(text)).then(() => child.stdin.end()),
  copy(child.stdout, '<', (text) => process.stdout.write(text)).then(() => process.exit(0)),
])

async function copy(from: ReadableStream<Uint8Array>, mark: string, to: (text: string) => unknown): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of from) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      appendFileSync(file, `${process.pid}${mark}${line}\n`)
      await to(`${line}\n`)
    }
  }
}
