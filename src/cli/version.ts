/** What `--version` says. */
import packageJson from '../../package.json' with { type: 'json' }
import type { Report } from './command.ts'

/** Put in by the build; a checkout has none. */
declare const LEVERET_COMMIT: string | undefined

export const version = packageJson.version
export const commit = typeof LEVERET_COMMIT === 'string' ? LEVERET_COMMIT : 'development'

export function versionReport(): Report {
  const data = { version, commit, bun: Bun.version }
  return { data, text: `leveret ${version} (commit ${commit}, Bun ${Bun.version})` }
}
