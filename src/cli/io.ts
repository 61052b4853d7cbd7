/** The process as the commands see it: the only place of the command line that touches it. */
import { createInterface } from 'node:readline/promises'
import { CommandError, type Input, type Io } from './command.ts'

/** Return, and what stops the program: Ctrl-C, and Ctrl-D for an end of the input. */
const LINE_ENDS = ['\r', '\n', '\u0003', '\u0004']

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
    hidden: hiddenLines(),
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

/** Reads lines in raw mode, so that the terminal shows nothing of them. What was pasted too much is the next line. */
function hiddenLines(): (prompt: string) => Promise<string> {
  let typed = ''
  return async (prompt) => {
    const { stdin, stderr } = process
    stdin.setRawMode(true) // before the prompt: who types at once must not be echoed
    stderr.write(prompt)
    stdin.resume()
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const look = (): void => {
      const end =
        LINE_ENDS.map((key) => typed.indexOf(key))
          .filter((at) => at >= 0)
          .toSorted((a, b) => a - b)[0] ?? -1
      if (end < 0) return
      const [line, key] = [typed.slice(0, end), typed[end]]
      typed = typed.slice(end + 1)
      if (key === '\r' || key === '\n') resolve(edited(line))
      else reject(new CommandError('interrupted'))
    }
    const take = (chunk: Buffer): void => {
      typed += chunk.toString('utf8')
      look()
    }
    stdin.on('data', take)
    look()
    try {
      return await promise
    } finally {
      stdin.off('data', take)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
    }
  }
}

/** The line after its backspaces. */
function edited(line: string): string {
  let text = ''
  for (const character of line) {
    text = character === '\u007f' || character === '\b' ? text.replace(/.$/su, '') : text + character
  }
  return text
}
