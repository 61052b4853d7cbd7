/** The probe in a checkout, where there is no executable to start again. */
import { probeMain } from './probe.ts'

await probeMain(process.argv.slice(3))
