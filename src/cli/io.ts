/** The process as the commands see it: the only place of the command line that touches it. */
import { createInterface } from 'node:readline/promises'
import type { Input, Io } from './command.ts'

export function processIo(): Io {
  const { env } = process
  return {
    env,
    cwd: process.cwd(),
    now: Date.now,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    color: process.stdout.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    input: processInput(),
    wait,
    onSignal(name, listener) {
      process.on(name, listener)
      return { [Symbol.dispose]: () => void process.off(name, listener) }
    },
  }
}

function processInput(): Input {
  return {
    terminal: process.stdin.isTTY === true,
    all: () => Bun.stdin.text(),
    line,
    hidden,
  }
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) return Promise.resolve()
  const timer = setTimeout(resolve, Math.min(milliseconds, 2 ** 31 - 1))
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer)
      resolve()
    },
    { once: true },
  )
  return promise
}

async function line(prompt: string): Promise<string> {
  using terminal = createInterface({ input: process.stdin, output: process.stderr })
  return await terminal.question(prompt)
}

/** Reads a line in raw mode, so that the terminal shows nothing of it. */
async function hidden(prompt: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(prompt)
  stdin.setRawMode(true)
  stdin.resume()
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let line = ''
  const take = (chunk: Buffer): void => {
    for (const character of chunk.toString('utf8')) {
      if (character === '\r' || character === '\n') return resolve(line)
      if (character === '\u0003' || character === '\u0004') return reject(new Error('interrupted'))
      line = character === '\u007f' || character === '\b' ? line.replace(/.$/su, '') : line + character
    }
  }
  stdin.on('data', take)
  try {
    return await promise
  } finally {
    stdin.off('data', take)
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}
