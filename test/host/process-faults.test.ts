/**
 * Whatever a plugin process does wrong, the requests under way are `unavailable` and nothing else happens: the next
 * request is answered, by the same process if it still is to be trusted, else by a new one.
 */
import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import type { Verdict } from '#plugin'
import { temporaryFolder } from '../harness/plugins.ts'
import { type Misbehaving, openMisbehaving } from '../harness/process-plugins.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(30_000)

function ask({ source }: Misbehaving, username: string, signal = new AbortController().signal): Promise<Verdict> {
  const verdict = source.password?.verify({ username, password: 'x', signal })
  return verdict ?? Promise.reject(new Error('the source takes no passwords'))
}

function processOf(verdict: Verdict): string {
  return verdict.ok ? '' : (verdict.detail ?? '')
}

async function opened(...how: Parameters<typeof openMisbehaving>): Promise<Misbehaving & AsyncDisposable> {
  const plugin = await openMisbehaving(...how)
  return { ...plugin, [Symbol.asyncDispose]: () => plugin.source[Symbol.asyncDispose]() }
}

const ENDING = {
  crash: 'it ended (exit code 3)',
  abort: 'it ended (SIGABRT)',
  garbage: 'it writes what is not JSON',
  'no-utf8': 'it writes what is not UTF-8',
  'unknown-message': 'it writes what the protocol does not know',
  'not-asked': 'it answers what nobody asked',
  'long-line': 'it writes a line of more than 100000 bytes',
  flood: 'it floods',
} as const

describe('a process that ends or breaks the protocol is replaced', () => {
  for (const [what, detail] of Object.entries(ENDING)) {
    test(what, async () => {
      await using plugin = await opened({}, { limits: { answer: 10_000 } })
      const before = processOf(await ask(plugin, 'anybody'))
      const underWay = [ask(plugin, 'silent'), ask(plugin, 'silent'), ask(plugin, what)]
      expect(await Promise.all(underWay)).toEqual(underWay.map(() => ({ ok: false, why: 'unavailable', detail })))
      const after = await ask(plugin, 'anybody')
      expect(after).toMatchObject({ ok: false, why: 'locked' })
      expect(processOf(after)).not.toBe(before)
      expect(plugin.lines.filter(({ message }) => message === 'plugin process is started again')).toMatchObject([
        { level: 'warn', fields: { reason: detail, afterMilliseconds: 0 } },
      ])
    })
  }

  test('by late answers without end', async () => {
    await using plugin = await opened({}, { limits: { answer: 10_000 } })
    await ask(plugin, 'anybody')
    expect(await ask(plugin, 'flood-of-late-answers')).toMatchObject({ why: 'unavailable', detail: 'it floods' })
    expect(await ask(plugin, 'anybody')).toMatchObject({ why: 'locked' })
  })

  test('after it hung past a deadline', async () => {
    await using plugin = await opened()
    const verdicts = await Promise.all([ask(plugin, 'hang'), ask(plugin, 'anybody')])
    expect(verdicts).toEqual([
      { ok: false, why: 'unavailable', detail: 'no answer within 250 ms' },
      { ok: false, why: 'unavailable', detail: 'no answer within 250 ms' },
    ])
    expect(await until(async () => processOf(await ask(plugin, 'anybody')).startsWith('process'))).toBe(true)
    expect(plugin.lines.map(({ fields }) => fields?.['reason'])).toEqual(['it hangs, and was killed'])
  })

  test('when it takes more memory than it may', async () => {
    await using plugin = await opened({}, { limits: { answer: 60_000, memory: 100 * 1024 * 1024 } })
    expect(await ask(plugin, 'memory')).toMatchObject({ detail: 'it takes more memory than it may' })
    expect(await ask(plugin, 'anybody')).toMatchObject({ why: 'locked' })
  }, 30_000)
})

describe('a process that fails one request stays', () => {
  const STAYING = {
    late: 'no answer within 250 ms',
    silent: 'no answer within 250 ms',
    'no-verdict': 'its answer to "password.verify" is not what the protocol says',
    error: 'the directory is gone',
  } as const
  for (const [what, detail] of Object.entries(STAYING)) {
    test(what, async () => {
      await using plugin = await opened()
      const before = processOf(await ask(plugin, 'anybody'))
      expect(await ask(plugin, what)).toEqual({ ok: false, why: 'unavailable', detail })
      let after = ''
      expect(await until(async () => (after = processOf(await ask(plugin, 'anybody'))).startsWith('process'))).toBe(
        true,
      )
      expect(after).toBe(before)
    })
  }

  test('that nobody waits for any more', async () => {
    await using plugin = await opened({}, { limits: { answer: 10_000 } })
    const abort = new AbortController()
    const answer = ask(plugin, 'silent', abort.signal)
    abort.abort()
    expect(await answer).toMatchObject({ why: 'unavailable', detail: 'nobody waits for the answer' })
  })

  test('and what it writes to standard error is logged, not without end', async () => {
    await using plugin = await opened({}, { limits: { answer: 10_000 } })
    expect(await ask(plugin, 'stderr')).toMatchObject({ why: 'disabled' })
    await plugin.source[Symbol.asyncDispose]()
    expect(await until(() => plugin.lines.some(({ fields }) => fields?.['dropped'] !== undefined))).toBe(true)
    const passedOn = plugin.lines.filter(({ fields }) => fields?.['text'] === 'noise').length
    expect(passedOn).toBeGreaterThan(100)
    expect(passedOn).toBeLessThan(1_000)
  })
})

describe('a process that cannot be opened gives a sentence', () => {
  const REFUSED = {
    'says why': [{ start: 'refuse' }, 'no licence'],
    ends: [{ start: 'exit' }, 'it ended (exit code 7)'],
    'has another name': [{ name: 'somebody' }, 'it calls itself "somebody", not "misbehaving"'],
    'speaks another version': [{ protocol: 2 }, 'it writes what the protocol does not know'],
    'says nothing': [{ start: 'mute' }, 'no hello within 500 ms'],
  } as const
  for (const [what, [config, sentence]] of Object.entries(REFUSED)) {
    test(`that ${what}`, async () => {
      const limits = 'start' in config && config.start === 'mute' ? { hello: 500 } : {}
      const opening = openMisbehaving(config, { limits })
      expect(
        await opening.then(
          () => 'opened',
          (error: Error) => error.message,
        ),
      ).toBe(sentence)
    })
  }
})

test('one that ends again and again is started less and less often, and says so', async () => {
  await using folder = await temporaryFolder()
  await using plugin = await opened({ start: 'once', mark: join(folder.path, 'mark') })
  await ask(plugin, 'crash')
  expect(await until(() => plugin.lines.length >= 5)).toBe(true)
  expect(plugin.lines.slice(0, 5).map(({ fields }) => fields?.['afterMilliseconds'])).toEqual([0, 50, 100, 200, 200])
  expect(await plugin.source.health?.()).toEqual({ ok: false, detail: 'it ended (exit code 7)' })
  const refused = await until(async () => processOf(await ask(plugin, 'anybody')) === 'it ended (exit code 7)')
  expect(refused).toBe(true)
})

test('one that does not end when told is killed', async () => {
  const plugin = await openMisbehaving({}, { env: { STUBBORN: '1' } })
  const [, pid = ''] = processOf(await ask(plugin, 'anybody')).split(' ')
  await plugin.source[Symbol.asyncDispose]()
  expect(() => process.kill(Number(pid), 0)).toThrow()
})
