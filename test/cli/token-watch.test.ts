import { describe, expect, test } from 'bun:test'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../src/cli/client.ts'
import type { TokenSource } from '../../src/cli/token-source.ts'
import { deliveryTo, type Watch, watchTokens } from '../../src/cli/watch.ts'
import { workplace } from '../harness/command-line.ts'

function token(text: string, expires_in = 300): Awaited<ReturnType<TokenSource>> {
  return { access_token: text, token_type: 'bearer', expires_in, scope: '', vhost: 'prod', broker: 'rabbitmq' }
}

/** Plays one outcome after the other, and stops when there are no more. */
async function watching(outcomes: readonly (string | Error)[], deliver: (text: string) => Promise<void>) {
  const stop = new AbortController()
  const left = [...outcomes]
  const pauses: number[] = []
  let err = ''
  const watch: Watch = {
    source: async () => {
      const next = left.shift() ?? ''
      if (next instanceof Error) throw next
      return token(next)
    },
    deliver: ({ access_token }) => deliver(access_token),
    io: {
      wait: async (milliseconds) => {
        pauses.push(milliseconds)
        if (left.length === 0) stop.abort()
      },
      err: (text) => {
        err += text
      },
    },
    signal: stop.signal,
  }
  await watchTokens(watch)
  return { pauses, err }
}

describe('watchTokens()', () => {
  test('gets the next token at two thirds of the life of the one before', async () => {
    const seen: string[] = []
    const { pauses, err } = await watching(['a', 'b', 'c'], async (text) => void seen.push(text))
    expect(seen).toEqual(['a', 'b', 'c'])
    expect(pauses).toEqual([200_000, 200_000, 200_000])
    expect(err).toBe('')
  })

  test('tries again with growing pauses while the server is away, the old token staying', async () => {
    const seen: string[] = []
    const away = new Error('the server cannot be reached')
    const { pauses, err } = await watching(['a', away, away, away, 'b', away], async (text) => void seen.push(text))
    expect(seen).toEqual(['a', 'b'])
    expect(pauses).toEqual([200_000, 1000, 2000, 4000, 200_000, 1000])
    expect(err.split('\n')[0]).toBe('leveret: the server cannot be reached; trying again in 1 s')
  })

  test('ends when the first token cannot be had', async () => {
    const away = new Error('the server cannot be reached')
    expect(watching([away, 'a'], async () => undefined)).rejects.toThrow('cannot be reached')
  })

  test('ends when the login itself is refused, for asking again would not help', async () => {
    const refused = new Refusal(401, { code: 'invalid_credentials', detail: 'wrong' })
    expect(watching(['a', refused, 'b'], async () => undefined)).rejects.toThrow('wrong')
  })
})

describe('deliveryTo()', () => {
  test('replaces the file in one step, mode 600, leaving nothing beside it', async () => {
    await using place = await workplace()
    const out = join(place.folder, 'token')
    await Bun.write(out, 'older')
    const before = await stat(out)
    const reader = Bun.file(out).stream().getReader() // opened before, reads the old text to its end
    const deliver = deliveryTo(out, undefined)
    await deliver(token('first'))
    await deliver(token('second'))
    expect(await Bun.file(out).text()).toBe('second')
    const after = await stat(out)
    expect(after.mode & 0o777).toBe(0o600)
    expect(after.ino).not.toBe(before.ino)
    expect(await readdir(place.folder)).toEqual(['token'])
    await reader.cancel()
  })

  test('leaves the old file when the new one cannot be written', async () => {
    await using place = await workplace()
    const deliver = deliveryTo(join(place.folder, 'absent', 'token'), undefined)
    expect(deliver(token('x'))).rejects.toThrow('cannot write')
  })

  test('gives the token to a command on its input, and says when that fails', async () => {
    await using place = await workplace()
    const seen = join(place.folder, 'seen')
    await deliveryTo(undefined, `cat > '${seen}'`)(token('secret'))
    expect(await Bun.file(seen).text()).toBe('secret')
    expect(deliveryTo(undefined, 'exit 3')(token('x'))).rejects.toThrow('the command of --exec failed with exit code 3')
  })
})
