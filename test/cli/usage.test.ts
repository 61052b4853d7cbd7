import { describe, expect, test } from 'bun:test'
import { type Command, isGroup, type Node } from '../../src/cli/command.ts'
import { root } from '../../src/cli/commands.ts'
import { findCommand, parseCall } from '../../src/cli/parse.ts'
import { workplace } from '../harness/command-line.ts'
import { callsIn } from '../harness/shell-lines.ts'

interface Leaf {
  readonly path: readonly string[]
  readonly command: Command
}

function leaves(node: Node, path: readonly string[] = []): Leaf[] {
  if (!isGroup(node)) return [{ path, command: node }]
  return node.commands.flatMap((each) => leaves(each, [...path, each.name]))
}

function groups(node: Node, path: readonly string[] = []): string[][] {
  if (!isGroup(node)) return []
  return [[...path], ...node.commands.flatMap((each) => groups(each, [...path, each.name]))]
}

const commands = leaves(root)

describe('help', () => {
  test.each(commands.map(({ path, command }) => [path.join(' '), path, command] as const))(
    'of "%s" tells usage, options, examples and exit codes',
    async (_, path, command) => {
      await using place = await workplace()
      const { code, out, err } = await place.run([...path, '--help'])
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toStartWith(`leveret ${path.join(' ')}: ${command.summary}\n\nUsage: leveret ${path.join(' ')}`)
      for (const option of Object.keys(command.options)) expect(out).toContain(`--${option}`)
      for (const { line } of command.examples) expect(out).toContain(line)
      expect(out).toContain('Exit codes: 0 done, 1 failed, 2 wrong usage')
      expect(out.split('\n').filter((row) => row.length > 140)).toEqual([])
    },
  )

  test('shows examples that the command itself understands', () => {
    const examples = commands.flatMap(({ command }) => command.examples.map(({ line }) => line))
    const calls = examples.filter((line) => !line.startsWith('HEALTHCHECK')).flatMap(callsIn)
    expect(calls.length).toBeGreaterThan(commands.length)
    for (const words of calls) {
      const { node, rest } = findCommand(root, words)
      expect(isGroup(node)).toBe(false)
      if (!isGroup(node)) expect(() => parseCall(node, rest)).not.toThrow()
    }
  })

  test.each(groups(root))('of a group lists its commands: %p', async (...path) => {
    await using place = await workplace()
    const { code, out } = await place.run([...path, '--help'])
    const { node } = findCommand(root, path)
    expect(code).toBe(0)
    for (const { name, summary } of isGroup(node) ? node.commands : []) {
      expect(out).toContain(name)
      expect(out.replace(/\s+/g, ' ')).toContain(summary)
    }
    if (path.length === 0) return
    expect(out).toContain('Examples:')
  })

  test('comes by "leveret help COMMAND" too', async () => {
    await using place = await workplace()
    expect(await place.run(['help', 'user', 'add'])).toEqual(await place.run(['user', 'add', '--help']))
  })

  test('is bold on a terminal only', async () => {
    await using place = await workplace()
    expect((await place.run(['--help'], { color: true })).out).toContain('\u001b[1m')
    expect((await place.run(['--help'])).out).not.toContain('\u001b')
  })
})

describe('wrong usage ends with code 2 and a hint', () => {
  test.each([
    [['usr', 'list'], 'unknown command "usr"; did you mean "user"?'],
    [['user', 'lsit'], 'unknown command "user lsit"; did you mean "list"?'],
    [['frobnicate'], 'unknown command "frobnicate"; known: init, serve'],
    [['user', 'list', '--prefxi', 'a'], 'unknown option --prefxi; did you mean --prefix?'],
    [['user', 'list', '-x'], 'unknown option -x'],
    [['user', 'show'], 'USERNAME is missing'],
    [['user', 'show', 'a', 'b'], 'unexpected argument "b"'],
    [['broker', 'add', 'b'], '--version is required'],
    [['broker', 'add', 'b', '--version'], '--version needs a value: VERSION'],
    [['broker', 'add', 'b', '--version', '4.0', '--version', '4.1'], '--version is given twice'],
    [['broker', 'add', 'b', '--version', '4.0', '--token-ttl', '5 minutes'], '--token-ttl must be a duration'],
    [['broker', 'update', 'b'], 'there is nothing to change'],
    [['user', 'add', 'a', '--no-password=yes'], '--no-password takes no value'],
    [['key', 'rotate', '--algorithm', 'RS265'], 'not "RS265"; did you mean "RS256"?'],
    [['completion', 'csh'], 'SHELL must be one of bash, zsh, fish'],
    [['rule', 'add', '--vhost', 'prod', '--read', '*'], 'exactly one of --user, --group, --role, --client'],
    [['rule', 'add', '--user', 'a', '--group', 'b', '--vhost', 'prod', '--read', '*'], 'exactly one of'],
    [['rule', 'add', '--user', 'a', '--vhost', 'prod'], 'a rule gives something'],
    [['rule', 'explain', '--user', 'a', '--vhost', 'p', '--action', 'read'], '--action and --resource go together'],
    [['token', 'watch', '--user', 'a', '--vhost', 'p'], '--out or --exec is required'],
    [['token', '--watch', '--out', 't'], '--user and --vhost are required'],
    [['init', '--port', 'http'], '--port must be a port number'],
    [['init', '--port', '99999'], '--port must be a port number'],
    [['init', '--public-url', 'ftp://x'], 'publicUrl: must be an absolute http or https URL'],
  ])('%p', async (words, sentence) => {
    await using place = await workplace()
    const { code, out, err } = await place.run(words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(sentence)
    expect(err).toContain('--help')
  })

  test('and, without a command, with the help on standard error', async () => {
    await using place = await workplace()
    for (const words of [[], ['user'], ['user', '--json']]) {
      const { code, out, err } = await place.run(words)
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toContain('Commands:')
    }
  })

  test('and says whose help to read', async () => {
    await using place = await workplace()
    expect((await place.run(['rule', 'explain'])).err).toContain('Run "leveret rule explain --help"')
    expect((await place.run(['usr'])).err).toContain('Run "leveret --help"')
  })

  test('as JSON with --json', async () => {
    await using place = await workplace()
    const { code, err } = await place.run(['usr', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(err)).toEqual({ error: 'unknown command "usr"; did you mean "user"?' })
  })
})

describe('failure ends with code 1 and one sentence', () => {
  test('when there is no configuration', async () => {
    await using place = await workplace()
    const { code, out, err } = await place.run(['user', 'list'])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toBe(
      `leveret: Cannot use ${place.folder}/leveret.toml:\n  there is no such file; "leveret init" writes one\n`,
    )
  })

  test('and with --json names every fault', async () => {
    await using place = await workplace()
    await Bun.write(`${place.folder}/leveret.toml`, 'publicUrl = 3\nlistne = 1\n')
    const { code, err } = await place.run(['config', 'check', '--json'])
    expect(code).toBe(1)
    const { faults } = JSON.parse(err) as { faults: { path: string; message: string }[] }
    expect(faults.map(({ path }) => path)).toEqual(['masterKey', 'listne', 'publicUrl'])
  })
})

test('--version tells version, commit and Bun version', async () => {
  await using place = await workplace()
  expect((await place.run(['--version'])).out).toMatch(/^leveret \d+\.\d+\.\d+ \(commit \S+, Bun \d+\.\d+\.\d+\)\n$/)
  expect(await place.json<object>(['--version'])).toMatchObject({ bun: Bun.version })
})

test('options may stand before the command and anywhere after it', async () => {
  await using place = await workplace()
  const first = await place.run(['--config', 'none.toml', 'user', 'list'])
  expect(first.err).toContain('none.toml')
  expect(await place.run(['user', '-c', 'none.toml', 'list'])).toEqual(first)
  expect(await place.run(['user', 'list', '--config=none.toml'])).toEqual(first)
  expect((await place.run(['user', 'list'], { env: { LEVERET_CONFIG: 'none.toml' } })).err).toBe(first.err)
})
