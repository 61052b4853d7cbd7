/** The executable: words in, exit code out. */
import { root } from './cli/commands.ts'
import { processIo } from './cli/io.ts'
import { runCommandLine } from './cli/run.ts'
import { runHidden } from './host/hidden.ts'

const words = process.argv.slice(2)
if (!(await runHidden(words))) process.exitCode = await runCommandLine(root, words, processIo())
