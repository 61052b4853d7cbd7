/** What is written in a guide, as text. */
import { join } from 'node:path'

/** The block of TOML that contains this. */
export async function blockOf(guide: string, part: string): Promise<string> {
  const text = await Bun.file(join(import.meta.dir, '../..', guide)).text()
  const blocks = [...text.matchAll(/^```toml\n([^]*?)^```/gm)].map(([, block = '']) => block)
  const found = blocks.filter((block) => block.includes(part))
  if (found.length !== 1) throw new Error(`${guide} has ${found.length} blocks of TOML with ${part}`)
  return found[0] ?? ''
}
