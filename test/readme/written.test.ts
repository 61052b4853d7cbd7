/** What the README shows and no test can run: every call is one that the program understands, every fragment is valid. */
import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { isGroup } from '../../src/cli/command.ts'
import { root } from '../../src/cli/commands.ts'
import { findCommand, parseCall } from '../../src/cli/parse.ts'
import { parseConfig } from '../../src/config/load.ts'
import { callsIn } from '../harness/shell-lines.ts'
import { readmeBlocks, repository } from './readme.ts'

const readme = await Bun.file(join(repository, 'README.md')).text()
const blocks = await readmeBlocks()
const of = (language: string) =>
  blocks.filter((block) => block.language === language).map((block) => [block.line, block] as const)

function understood(line: string): void {
  for (const words of callsIn(line)) {
    const { node, rest } = findCommand(root, words)
    if (isGroup(node)) throw new Error(`No command: leveret ${words.join(' ')}`)
    parseCall(node, rest)
  }
}

/** As hosts of repositories make them. */
function anchorOf(heading = ''): string {
  const words = heading.toLowerCase().replaceAll(/[^\w -]/g, '')
  return `#${words.replaceAll(' ', '-')}`
}

describe('README.md', () => {
  test.each(of('sh'))('line %p: the shell and the program understand it', (_, { text }) => {
    expect(Bun.spawnSync(['sh', '-n'], { stdin: Buffer.from(text) }).stderr.toString()).toBe('')
    for (const line of text.replaceAll('\\\n', ' ').split('\n')) understood(line)
  })

  test.each(of('toml'))('line %p: the configuration takes it', (_, { text }) => {
    const least = { publicUrl: 'https://login.example.com', masterKey: { env: 'KEY' } }
    const raw = { ...least, ...(Bun.TOML.parse(text) as object) }
    expect(parseConfig(raw, { env: {}, folder: '/', where: 'README.md' }).warnings).toEqual([])
  })

  test.each(of('ini'))('line %p: the unit starts what there is', (_, { text }) => {
    const commands = [...text.matchAll(/^Exec\w+=\S*\/(leveret .*)$/gm)].map(([, line = '']) => line)
    expect(commands.length).toBeGreaterThan(0)
    for (const line of commands) understood(line)
  })

  test('shows every command', async () => {
    const missing = root.commands.filter(({ name }) => !readme.includes(`leveret ${name}`))
    expect(missing.map(({ name }) => name)).toEqual([])
  })

  test('lists every task above the first', () => {
    const [, tasks = ''] = readme.split('\n## Tasks\n')
    const [list = '', ...sections] = (tasks.split('\n## ')[0] ?? '').split('\n### ')
    const anchors = sections.map((section) => anchorOf(section.split('\n')[0]))
    expect(anchors.length).toBeGreaterThan(0)
    expect(anchors.filter((anchor) => !list.includes(`(${anchor})`))).toEqual([])
  })

  test('links to headings and files that are there', async () => {
    const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading))
    for (const [, target = ''] of readme.matchAll(/\]\(([^)]+)\)/g)) {
      const there = target.startsWith('#')
        ? anchors.includes(target)
        : await Bun.file(join(repository, target)).exists()
      expect({ target, there }).toEqual({ target, there: true })
    }
  })
})
