/** The executable: words in, exit code out. */
import { root } from './cli/commands.ts'
import { processIo } from './cli/io.ts'
import { runCommandLine } from './cli/run.ts'

const words = process.argv.slice(2)
if (words[0] === 'plugin-probe') {
  const { probeMain } = await import('./host/probe.ts')
  await probeMain(words.slice(1))
} else {
  process.exitCode = await runCommandLine(root, words, processIo())
}
