/** Where the thread of a launcher that speaks to the server begins. */
import { type Handed, handOver } from './handover.ts'

self.addEventListener(
  'message',
  ({ data }: MessageEvent<Handed>) => {
    postMessage('ready')
    handOver(data)
  },
  { once: true },
)
