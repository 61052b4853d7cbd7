/** Where the thread of the server that watches plugins begins. */
import { type Told, watchAll } from './watch.ts'

self.addEventListener(
  'message',
  ({ data }: MessageEvent<number>) => watchAll(data, (told: Told) => postMessage(told)),
  {
    once: true,
  },
)
