/** `bun run contracts`: writes what plugin authors are promised, so that every change of it shows in a diff. */
import { join } from 'node:path'
import { published } from './published.ts'

const root = join(import.meta.dir, '../..')
for (const [path, text] of Object.entries(await published())) await Bun.write(join(root, path), text)
