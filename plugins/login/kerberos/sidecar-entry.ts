/** The sidecar in a checkout, where there is no executable to start again. */
import { sidecarMain } from './sidecar.ts'

await sidecarMain()
