/** What a test may do on this machine that takes more than being there; why not is said aloud. */
import { OWN_MOUNTS } from './broker.ts'

/** Whether root may have mounts of its own; not in many containers, nor in a plain chroot. */
export function canMountAlone(): boolean {
  return able(OWN_MOUNTS, 'no mounts of their own for programs of this test')
}

/** Whether somebody else may run this program from here: not out of a home folder that is closed to others. */
export function canRunAs(uid: number): boolean {
  const other = ['setpriv', `--reuid=${uid}`, '--clear-groups', 'test']
  return able([...other, '-x', process.execPath, '-a', '-r'], `user ${uid} cannot run the program of this test`, [
    import.meta.path,
  ])
}

function able(command: readonly string[], otherwise: string, words: readonly string[] = ['true']): boolean {
  if (process.getuid?.() !== 0) return refused(`${otherwise}: it takes root`)
  const { success, stderr } = Bun.spawnSync([...command, ...words])
  return success || refused(`${otherwise}: ${stderr.toString().trim() || 'it is refused'}`)
}

function refused(why: string): false {
  console.warn(`skipped: ${why}`)
  return false
}
