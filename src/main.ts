/** The executable: words in, exit code out. */
import { root } from './cli/commands.ts'
import { processIo } from './cli/io.ts'
import { runCommandLine } from './cli/run.ts'
import { runHidden } from './host/hidden.ts'
import { FURTHER_COMMAND } from './processes/siblings.ts'

const words = process.argv.slice(2)
if (words[0] === 'kerberos-sidecar') {
  // A process of the plugin's own: loaded alone, so that it is small and knows nothing of the server.
  const { sidecarMain } = await import('../plugins/login/kerberos/sidecar.ts')
  await sidecarMain()
} else if (words[0] === FURTHER_COMMAND) {
  await (await import('./processes/further.ts')).furtherMain()
} else if (!(await runHidden(words))) {
  process.exitCode = await runCommandLine(root, words, processIo())
}
