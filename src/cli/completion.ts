/** `leveret completion`: what a shell needs to complete commands and options, from the command data. */
import { type Command, type CommandGroup, defineCommand, isGroup, type Node, type OptionSpecs } from './command.ts'
import { COMMON_OPTIONS } from './parse.ts'

interface Place {
  /** The words so far, without the program: `user add`. */
  readonly path: string
  readonly words: readonly { readonly word: string; readonly help: string }[]
  /** Values of options by name, where they are a few words. */
  readonly choices: readonly { readonly option: string; readonly values: readonly string[] }[]
}

const SHELLS = { bash, zsh, fish } as const

/** The command needs the tree that it is itself part of. */
export function completionCommand(root: () => CommandGroup): Command {
  return defineCommand({
    name: 'completion',
    summary: 'Print a script that completes commands and options in a shell',
    args: { shell: { help: 'bash, zsh or fish', choices: ['bash', 'zsh', 'fish'] } },
    options: {},
    examples: [
      { says: 'bash', line: 'leveret completion bash > /etc/bash_completion.d/leveret' },
      { says: 'zsh', line: 'leveret completion zsh > "${fpath[1]}/_leveret"' },
      { says: 'fish', line: 'leveret completion fish > ~/.config/fish/completions/leveret.fish' },
    ],
    async run({ args }) {
      const script = completionScript(root(), args.shell as keyof typeof SHELLS) // one of the choices
      return { data: { script }, text: script }
    },
  })
}

export function completionScript(root: CommandGroup, shell: keyof typeof SHELLS): string {
  return SHELLS[shell](placesOf(root, []))
}

function placesOf(node: Node, path: readonly string[]): Place[] {
  const specs: OptionSpecs = isGroup(node) ? { help: COMMON_OPTIONS.help } : { ...node.options, ...COMMON_OPTIONS }
  const options = Object.entries(specs).map(([name, { help }]) => ({ word: `--${name}`, help }))
  const choices = Object.entries(specs).flatMap(([name, spec]) =>
    spec.choices === undefined ? [] : [{ option: `--${name}`, values: spec.choices }],
  )
  if (isGroup(node)) {
    const commands = node.commands.map((each) => ({ word: each.name, help: each.summary }))
    const below = node.commands.flatMap((each) => placesOf(each, [...path, each.name]))
    return [{ path: path.join(' '), words: [...commands, ...options], choices }, ...below]
  }
  const values = Object.values(node.args).flatMap(({ choices: known = [] }) =>
    known.map((word) => ({ word, help: '' })),
  )
  return [{ path: path.join(' '), words: [...values, ...options], choices }]
}

function bash(places: readonly Place[]): string {
  const words = places.map(
    ({ path, words: each }) => `    '${path}') words='${each.map(({ word }) => word).join(' ')}' ;;`,
  )
  const values = places.flatMap(({ path, choices }) =>
    choices.map(({ option, values: known }) => `    '${path} ${option}') words='${known.join(' ')}' ;;`),
  )
  return `# bash completion for leveret
_leveret() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${pathCases(places)}
    esac
  done
  case "$path" in
${words.join('\n')}
  esac
  case "$path $before" in
${values.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -z "$COMPREPLY" && "$current" != -* ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _leveret leveret
`
}

/** Words that lead from one place to the next; everything else leaves the place as it is. */
function pathCases(places: readonly Place[]): string {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => {
      const at = path.lastIndexOf(' ')
      const [parent, word] = at < 0 ? ['', path] : [path.slice(0, at), path.slice(at + 1)]
      return `      '${parent} ${word}') path='${path}' ;;`
    })
    .join('\n')
}

function zsh(places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => {
    const items = words.map(({ word, help }) => quote(`${word.replaceAll(':', '\\:')}:${help}`)).join(' ')
    return `    '${path}') items=(${items}) ;;`
  })
  const values = places.flatMap(({ path, choices }) =>
    choices.map(({ option, values: known }) => `    '${path} ${option}') items=(${known.map(quote).join(' ')}) ;;`),
  )
  return `#compdef leveret
_leveret() {
  local path_='' word
  local -a items
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$path_ $word" in
${pathCases(places).replaceAll("path='", "path_='")}
    esac
  done
  case "$path_" in
${cases.join('\n')}
  esac
  case "$path_ \${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  _describe 'leveret' items
  [[ \${words[CURRENT]} == -* ]] || _files
}
if [[ "$funcstack[1]" == _leveret ]]; then _leveret "$@"; else compdef _leveret leveret; fi
`
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words, choices }) => {
    const here = `-n ${quote(`__leveret_at ${path === '' ? '' : path}`.trim())}`
    const values = new Map(choices.map(({ option, values: known }) => [option, known]))
    return words.map(({ word, help }) => {
      const known = values.get(word)
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`
      return `complete -c leveret ${here} ${what} -d ${quote(help)}${known ? ` -x -a ${quote(known.join(' '))}` : ''}`
    })
  })
  return `# fish completion for leveret
function __leveret_at
  set -l place
  for word in (commandline -opc)[2..]
    switch "$place $word"
${places
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      case ${quote(path.includes(' ') ? path : ` ${path}`)}\n        set place ${quote(path)}`)
  .join('\n')}
    end
  end
  test "$place" = "$argv"
end
${lines.join('\n')}
`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
