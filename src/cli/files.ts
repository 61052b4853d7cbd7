/** Files as the commands write them: never over something by accident, never half. */
import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CommandError } from './command.ts'

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'it exists already',
  ENOENT: 'its folder does not exist',
  EACCES: 'no permission',
}

/** Writes a new file; refuses if there is one. `known` is the name that the user knows it by. */
export async function createFile(path: string, text: string, mode = 0o600, known = path): Promise<void> {
  const file = await open(path, 'wx', mode).catch((cause: NodeJS.ErrnoException) => {
    throw new CommandError(`cannot write ${known}: ${REASONS[cause.code ?? ''] ?? cause.message}`, { cause })
  })
  try {
    await file.chmod(mode) // whatever the umask says
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Replaces a file in one step: a reader sees the old text or the new one. Mode 0600. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  await createFile(temporary, text, 0o600, path)
  try {
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new CommandError(`cannot replace ${path}`, { cause })
  }
}
