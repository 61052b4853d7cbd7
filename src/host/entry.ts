/** The hidden subcommands in a checkout, where there is no executable to start again. */
import { runHidden } from './hidden.ts'

await runHidden(process.argv.slice(2))
