import { expect, test } from 'bun:test'
import { PROGRAM, workplace } from '../harness/command-line.ts'

interface Typist {
  /** Resolves when the screen shows this. */
  sees(text: string): Promise<void>
  types(text: string): void
  screen(): string
  readonly exited: Promise<number>
}

/** The program on a terminal, with somebody in front of it. */
function onTerminal(folder: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Typist {
  let screen = ''
  const waiting = new Set<() => void>()
  const child = Bun.spawn([...PROGRAM, ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, TERM: 'xterm', ...env },
    terminal: {
      cols: 100,
      rows: 30,
      data(_, data) {
        screen += new TextDecoder().decode(data)
        for (const look of waiting) look()
      },
    },
  })
  return {
    exited: child.exited,
    screen: () => screen,
    types: (text) => void child.terminal?.write(text),
    sees(text) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = (): void => {
        if (!screen.includes(text)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
      return promise
    },
  }
}

test('a password is asked for twice on a terminal, shown never, and may be corrected', async () => {
  await using place = await workplace()
  await place.json(['init'])
  const typist = onTerminal(place.folder, ['user', 'add', 'bob'])
  await typist.sees('Password: ')
  typist.types('correct horse batteryy\u007f staple\r')
  await typist.sees('Again: ')
  typist.types('correct horse battery staple\r')
  expect(await typist.exited).toBe(0)
  expect(typist.screen()).toContain('Created user bob')
  expect(typist.screen()).not.toContain('horse')
})

test('both passwords may be pasted at once, and Ctrl-C stops with nothing done', async () => {
  await using place = await workplace()
  await place.json(['init'])
  const paster = onTerminal(place.folder, ['user', 'add', 'bob'])
  await paster.sees('Password: ')
  paster.types('correct horse battery staple\rcorrect horse battery staple\r')
  expect(await paster.exited).toBe(0)
  const stopper = onTerminal(place.folder, ['user', 'add', 'carol'])
  await stopper.sees('Password: ')
  stopper.types('correct\u0003')
  expect(await stopper.exited).toBe(1)
  expect(await place.json(['user', 'list'])).toMatchObject([{ username: 'admin' }, { username: 'bob' }])
})

test('init asks on a terminal and takes a return for yes', async () => {
  await using place = await workplace()
  const typist = onTerminal(place.folder, ['init'])
  await typist.sees('Go on? [Y/n]')
  typist.types('\r')
  expect(await typist.exited).toBe(0)
  expect(typist.screen()).toContain('One-time password:')
})

test('help is bold on a terminal, and plain with NO_COLOR', async () => {
  await using place = await workplace()
  const typist = onTerminal(place.folder, ['--help'])
  expect(await typist.exited).toBe(0)
  await typist.sees('healthcheck')
  expect(typist.screen()).toContain('\u001b[1mUsage:')
  const plain = onTerminal(place.folder, ['--help'], { NO_COLOR: '1' })
  expect(await plain.exited).toBe(0)
  await plain.sees('healthcheck')
  expect(plain.screen()).not.toContain('\u001b')
})
