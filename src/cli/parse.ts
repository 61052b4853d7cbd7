/** From the words of a command line to a command and its options. */
import { parseArgs } from 'node:util'
import { nearest } from '../config/nearest.ts'
import {
  type ArgumentSpecs,
  type Command,
  type CommandGroup,
  type CommonOptions,
  isGroup,
  type Node,
  type OptionSpecs,
  UsageError,
} from './command.ts'

/** What every command takes. */
export const COMMON_OPTIONS = {
  config: {
    type: 'string',
    short: 'c',
    value: 'FILE',
    help: 'Configuration file (default: LEVERET_CONFIG, else leveret.toml)',
  },
  json: { type: 'boolean', help: 'Print the result as JSON' },
  help: { type: 'boolean', short: 'h', help: 'Show this help' },
} as const satisfies OptionSpecs

export interface Found {
  readonly node: Node
  /** The names that led to it, the program's first. */
  readonly path: readonly string[]
  /** The words that are not part of the path. */
  readonly rest: readonly string[]
}

/** Follows the words through the tree of commands; options may stand anywhere. */
export function findCommand(root: CommandGroup, words: readonly string[]): Found {
  let node: Node = root
  const path = [root.name]
  const rest: string[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const group: CommandGroup | undefined = isGroup(node) ? node : undefined
    const name: string | undefined = group?.shortcuts?.[word] ?? (word.startsWith('-') ? undefined : word)
    if (group !== undefined && name !== undefined) {
      node = childOf(group, name, path)
      path.push(name)
    } else {
      rest.push(word)
      if (group !== undefined && (word === '--config' || word === '-c')) rest.push(words[++index] ?? '')
    }
  }
  return { node, path, rest }
}

function childOf(group: CommandGroup, name: string, path: readonly string[]): Node {
  const child = group.commands.find((each) => each.name === name)
  if (child !== undefined) return child
  const names = group.commands.map((each) => each.name)
  const near = nearest(name, names)
  const hint = near === undefined ? `known: ${names.join(', ')}` : `did you mean "${near}"?`
  throw new UsageError(`unknown command "${[...path.slice(1), name].join(' ')}"; ${hint}`)
}

export interface Parsed {
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly args: Readonly<Record<string, string | undefined>>
  readonly common: CommonOptions & { readonly help: boolean }
}

/** Reads options and arguments; anything unknown, missing or doubled is a `UsageError`. */
export function parseCall(command: Pick<Command, 'options' | 'args'>, words: readonly string[]): Parsed {
  const specs: OptionSpecs = { ...command.options, ...COMMON_OPTIONS }
  const given = readOptions(specs, words)
  const value = (name: string) => given.values.get(name)
  const common = { config: value('config')?.[0], json: value('json') !== undefined, help: value('help') !== undefined }
  if (common.help) return { options: {}, args: {}, common }
  const options: Record<string, string | boolean | readonly string[] | undefined> = {}
  for (const [name, spec] of Object.entries(command.options)) {
    const values = given.values.get(name)
    if (spec.required && values === undefined) throw new UsageError(`--${name} is required`)
    if (spec.type === 'boolean') options[name] = values !== undefined
    else options[name] = spec.multiple ? (values ?? []) : values?.[0]
  }
  return { options, args: readArguments(command.args, given.positionals), common }
}

function readOptions(specs: OptionSpecs, words: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { type, short }]) => [name, short ? { type, short } : { type }]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const values = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined
    if (spec === undefined) throw unknownOption(token.rawName, Object.keys(specs))
    const before = values.get(token.name)
    if (before !== undefined && !spec.multiple && spec.type === 'string')
      throw new UsageError(`${token.rawName} is given twice`)
    values.set(token.name, [...(before ?? []), checkValue(token.rawName, spec, token.value)])
  }
  return { values, positionals }
}

function checkValue(rawName: string, spec: OptionSpecs[string], value: string | undefined): string {
  if (spec.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`)
    return ''
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value: ${spec.value ?? 'VALUE'}`)
  if (spec.choices !== undefined) checkChoice(rawName, value, spec.choices)
  return value
}

function checkChoice(what: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return
  const near = nearest(value, choices)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  throw new UsageError(`${what} must be one of ${choices.join(', ')}, not "${value}"${hint}`)
}

function unknownOption(rawName: string, known: readonly string[]): UsageError {
  const near = nearest(rawName.replace(/^-+/, ''), known)
  return new UsageError(`unknown option ${rawName}${near === undefined ? '' : `; did you mean --${near}?`}`)
}

function readArguments(specs: ArgumentSpecs, given: readonly string[]): Record<string, string | undefined> {
  const names = Object.entries(specs)
  const extra = given[names.length]
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`)
  return Object.fromEntries(
    names.map(([name, { optional, choices }], index) => {
      const value = given[index]
      if (value === undefined && !optional) throw new UsageError(`${name.toUpperCase()} is missing`)
      if (value !== undefined && choices !== undefined) checkChoice(name.toUpperCase(), value, choices)
      return [name, value]
    }),
  )
}
