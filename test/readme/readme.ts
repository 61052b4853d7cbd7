/** The README as tests read it: its fenced blocks, where they stand, and which of them say that they are not to be run. */
import { join } from 'node:path'

export const repository = join(import.meta.dir, '../..')

export interface Block {
  readonly heading: string
  readonly line: number
  readonly language: string
  readonly text: string
  /** Why it is not run, as the comment above it says. */
  readonly notRun: string | undefined
}

const FENCE = /(?:<!-- not run: (?<notRun>.+?) -->\n)?```(?<language>\w+)\n(?<text>[\s\S]*?)```/g

/** Everything above the generated reference of the configuration. */
export async function readmeBlocks(): Promise<readonly Block[]> {
  const readme = await Bun.file(join(repository, 'README.md')).text()
  const [written = ''] = readme.split('<!-- config reference -->')
  return blocksOf(written)
}

export function blocksOf(written: string): readonly Block[] {
  return [...written.matchAll(FENCE)].map(({ index, groups = {} }) => {
    const before = written.slice(0, index)
    const heading = [...before.matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? ''
    const { language = '', text = '', notRun } = groups
    return { heading, line: before.split('\n').length, language, text, notRun }
  })
}
