/** `[[plugins]]` in the text of a configuration, whose comments and order stay as they are. */
import { resolve } from 'node:path'
import { CommandError } from './command.ts'

export interface Pinned {
  readonly path: string
  readonly sha256: string
  readonly sandbox?: string
}

/** The text with one more plugin at its end, and perhaps a login source of its type. */
export function withPlugin(text: string, pinned: Pinned, login?: { readonly type: string }): string {
  const block = [
    '',
    '[[plugins]]',
    ...Object.entries(pinned).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
  ]
  const use = login ? ['', '[[login]]', `type = ${JSON.stringify(login.type)}`] : []
  const next = `${text.replace(/\n*$/, '\n')}${[...block, ...use].join('\n')}\n`
  const plugins = pluginsOf(next)
  if (plugins.at(-1)?.path === pinned.path) return next
  throw new CommandError('the configuration lists its plugins in one line; write them as [[plugins]] first')
}

/** The text without the plugins whose path, from `folder` on, is one of these. */
export function withoutPlugins(text: string, paths: ReadonlySet<string>, folder: string): string {
  const blocks = blocksOf(text)
  const kept = blocks.filter((block) => {
    if (!/^\s*\[\[plugins\]\]/.test(block)) return true
    return !pluginsOf(block).some(({ path }) => paths.has(resolve(folder, path)))
  })
  if (kept.length === blocks.length) throw new CommandError('the configuration does not list it as [[plugins]]')
  return kept.join('')
}

function pluginsOf(text: string): readonly Pinned[] {
  const parsed = Bun.TOML.parse(text) as { readonly plugins?: readonly Pinned[] } // a document is a table
  return Array.isArray(parsed.plugins) ? parsed.plugins : []
}

/** The text cut in front of every table, comments and empty lines above one staying with the one before. */
function blocksOf(text: string): string[] {
  return text.split(/^(?=[ \t]*\[)/m)
}
