/** DESIGN: tokens as the broker reads them, shown on the real one. One broker and one server for the whole file. */
import { afterAll, beforeAll, setDefaultTimeout } from 'bun:test'
import { describeBroker } from '../harness/broker.ts'
import { clientTests } from './clients.ts'
import { lifetimeTests } from './lifetime.ts'
import { protocolTests } from './protocols.ts'
import { openScene, type Scene } from './setup.ts'
import { vhostTests } from './vhosts.ts'

setDefaultTimeout(180_000)

describeBroker('access tokens', () => {
  let scene: Scene | undefined
  beforeAll(async () => {
    scene = await openScene('tokens')
  })
  afterAll(() => scene?.[Symbol.asyncDispose]())
  const current = () => {
    if (!scene) throw new Error('The broker is not up')
    return scene
  }
  vhostTests(current)
  clientTests(current)
  lifetimeTests(current)
  protocolTests(current)
})
