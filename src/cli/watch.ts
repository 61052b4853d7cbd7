/** Keeps a fresh token somewhere: brokers from 4.2.6 on cut a connection whose token has expired. */
import type { SessionTokenResponse } from '../core/session/sessions.ts'
import { CommandError, type Io } from './command.ts'
import { Refusal } from './client.ts'
import { replaceFile } from './files.ts'
import type { TokenSource } from './token-source.ts'

const FIRST_RETRY = 1000
const LONGEST_RETRY = 30_000

export interface Watch {
  readonly source: TokenSource
  readonly deliver: (token: SessionTokenResponse) => Promise<void>
  readonly io: Pick<Io, 'wait' | 'err'>
  readonly signal: AbortSignal
}

/**
 * Gets a token, delivers it, and gets the next one at two thirds of its life, until the signal is aborted. The first
 * failure ends it; later ones are tried again, for the token at hand is still good, unless the login itself is refused.
 */
export async function watchTokens({ source, deliver, io, signal }: Watch): Promise<void> {
  let delivered = false
  let retry = FIRST_RETRY
  while (!signal.aborted) {
    let pause: number
    try {
      const token = await source()
      await deliver(token)
      pause = Math.max(FIRST_RETRY, (token.expires_in * 2000) / 3)
      retry = FIRST_RETRY
      delivered = true
    } catch (error) {
      if (!delivered || !(error instanceof Error) || isFinal(error)) throw error
      pause = retry
      retry = Math.min(retry * 2, LONGEST_RETRY)
      io.err(`leveret: ${error.message}; trying again in ${pause / 1000} s\n`)
    }
    await io.wait(pause, signal)
  }
}

function isFinal(error: Error): boolean {
  return error instanceof Refusal && error.status === 401
}

/** Writes the token to a file, replaced in one step, and gives it to a command on its input. */
export function deliveryTo(out: string | undefined, command: string | undefined): Watch['deliver'] {
  return async ({ access_token }) => {
    if (out !== undefined) await replaceFile(out, access_token)
    if (command !== undefined) await runWith(command, access_token)
  }
}

async function runWith(command: string, token: string): Promise<void> {
  const shell = process.platform === 'win32' ? ['cmd', '/c', command] : ['/bin/sh', '-c', command]
  const child = Bun.spawn(shell, { stdin: new Blob([token]), stdout: 'inherit', stderr: 'inherit' })
  const code = await child.exited
  if (code !== 0) throw new CommandError(`the command of --exec failed with exit code ${code}`)
}
