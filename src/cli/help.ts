/** Help pages, written from the command data. */
import { type Command, type CommandGroup, type Example, isGroup, type Node, type OptionSpec } from './command.ts'
import { COMMON_OPTIONS } from './parse.ts'

const WIDTH = 100

export function helpFor(node: Node, path: readonly string[], color: boolean): string {
  const heading = (text: string): string => (color ? `\x1b[1m${text}\x1b[0m` : text)
  const parts = isGroup(node) ? groupHelp(node, path, heading) : commandHelp(node, path, heading)
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

type Heading = (text: string) => string

function groupHelp(group: CommandGroup, path: readonly string[], heading: Heading): string[] {
  return [
    `${heading(path.join(' '))}: ${group.summary}`,
    `${heading('Usage:')} ${path.join(' ')} COMMAND [OPTIONS]`,
    paragraphs(group.about),
    `${heading('Commands:')}\n${columns(group.commands.map((each) => [each.name, each.summary]))}`,
    path.length > 1 ? groupExamples(group, heading) : '',
    `Run "${path.join(' ')} COMMAND --help" for its options and more examples.`,
  ]
}

/** The first of each command. */
function groupExamples({ commands }: CommandGroup, heading: Heading): string {
  const firsts = commands.flatMap((each) => (isGroup(each) ? [] : [each.examples[0]]))
  return `${heading('Examples:')}\n${firsts.map(exampleText).join('\n\n')}`
}

function exampleText({ says, line }: Example): string {
  return `  # ${says}\n  ${line}`
}

function commandHelp(command: Command, path: readonly string[], heading: Heading): string[] {
  const args = Object.entries(command.args)
  return [
    `${heading(path.join(' '))}: ${command.summary}`,
    `${heading('Usage:')} ${usageOf(command, path)}`,
    paragraphs(command.about),
    args.length === 0
      ? ''
      : `${heading('Arguments:')}\n${columns(args.map(([name, { help }]) => [name.toUpperCase(), help]))}`,
    `${heading('Options:')}\n${columns(Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(optionRow))}`,
    `${heading('Examples:')}\n${command.examples.map(exampleText).join('\n\n')}`,
    `${heading('Exit codes:')} 0 done, 1 failed, 2 wrong usage`,
  ]
}

export function usageOf(command: Command, path: readonly string[]): string {
  const args = Object.entries(command.args).map(([name, { optional }]) =>
    optional ? `[${name.toUpperCase()}]` : name.toUpperCase(),
  )
  const required = Object.entries(command.options).filter(([, spec]) => spec.required)
  return [...path, ...args, ...required.map(([name, spec]) => `--${name} ${valueName(spec)}`), '[OPTIONS]'].join(' ')
}

function optionRow([name, spec]: [string, OptionSpec]): [string, string] {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `
  const value = spec.type === 'string' ? ` ${valueName(spec)}` : ''
  const notes = [spec.multiple ? 'may be repeated' : '', spec.required ? 'required' : ''].filter((note) => note !== '')
  return [`${short}--${name}${value}`, notes.length === 0 ? spec.help : `${spec.help} (${notes.join(', ')})`]
}

function valueName(spec: OptionSpec): string {
  return spec.value ?? spec.choices?.join('|') ?? 'VALUE'
}

function paragraphs(text: string | undefined): string {
  return text === undefined
    ? ''
    : text
        .trim()
        .split(/\n\s*\n/)
        .map((each) => wrap(each.replace(/\s+/g, ' '), 0))
        .join('\n\n')
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)))
  return rows
    .map(([left, right]) => {
      const text = wrap(right, width + 4)
      return left.length > width ? `  ${left}\n${' '.repeat(width + 4)}${text}` : `  ${left.padEnd(width)}  ${text}`
    })
    .join('\n')
}

/** Lines of at most the page width, all but the first indented. */
function wrap(text: string, indent: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && indent + last.length + 1 + word.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}
