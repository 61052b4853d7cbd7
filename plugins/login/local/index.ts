/** Names and passwords kept here: the login source that needs nothing else. */
import { type Static, Type as t } from '@sinclair/typebox'
import {
  Busy,
  createGate,
  defineLoginSource,
  type Gate,
  type LoginSource,
  type LoginSourceContext,
  type PasswordLogin,
  type Verdict,
} from '#plugin'
import { type Argon2Cost, hashPassword, impossibleHash, isHash, isWeaker, verifyHash } from './hashes.ts'

const config = t.Object(
  {
    memoryKib: t.Integer({
      default: 19_456,
      minimum: 8_192,
      maximum: 1_048_576,
      description: 'Memory of one Argon2id computation, in KiB',
    }),
    iterations: t.Integer({ default: 2, minimum: 1, maximum: 64, description: 'Passes over that memory' }),
    maxConcurrent: t.Integer({
      default: 2,
      minimum: 1,
      maximum: 64,
      description: 'Passwords checked at the same time; more of them take memory and processors from everything else',
    }),
    maxWaiting: t.Integer({
      default: 64,
      minimum: 0,
      maximum: 10_000,
      description: 'Checks that may wait for their turn; beyond that a login is answered with 503 at once',
    }),
  },
  { additionalProperties: false },
)

/** No password is longer, in bytes: hashing is not to be fed with megabytes. */
const MAX_BYTES = 1_024

export default defineLoginSource({
  type: 'local',
  config,
  open: async (options, context) => openLocal(options, context),
})

function openLocal(options: Static<typeof config>, context: LoginSourceContext): LoginSource {
  const gate = createGate({ running: options.maxConcurrent, waiting: options.maxWaiting })
  const nobody = impossibleHash(options)
  return {
    password: { verify: (login) => verify(login, { cost: options, gate, nobody, context }) },
    passwordChange: {
      secret(password) {
        if (tooLong(password)) throw new Error(`Cannot hash a password: longer than ${MAX_BYTES} bytes`)
        return gate.run(() => hashPassword(password, options))
      },
      accepts: isHash,
    },
    async [Symbol.asyncDispose]() {},
  }
}

interface Workshop {
  readonly cost: Argon2Cost
  readonly gate: Gate
  readonly nobody: string
  readonly context: LoginSourceContext
}

async function verify(login: PasswordLogin, workshop: Workshop): Promise<Verdict> {
  const { gate, nobody, context } = workshop
  if (login.password === '' || tooLong(login.password)) return { ok: false, why: 'credentials' }
  const { externalId } = login
  const stored = externalId === undefined ? undefined : await context.credentials.get(externalId)
  try {
    const right = await gate.run(() => verifyHash(login.password, stored ?? nobody), login.signal)
    if (!right || stored === undefined || externalId === undefined) return { ok: false, why: 'credentials' }
    await strengthen({ externalId, password: login.password, stored }, workshop)
    return { ok: true, identity: { externalId, username: login.username, groups: [], amr: ['pwd'] } }
  } catch (error) {
    if (error instanceof Busy) return { ok: false, why: 'unavailable', detail: error.message }
    throw error
  }
}

/** This is the moment at which the password is known, so an old hash becomes a new one; a login never fails for it. */
async function strengthen(
  known: { readonly externalId: string; readonly password: string; readonly stored: string },
  { cost, gate, context }: Workshop,
): Promise<void> {
  if (!isWeaker(known.stored, cost)) return
  try {
    const better = await gate.run(() => hashPassword(known.password, cost))
    await context.credentials.replace(known.externalId, known.stored, better)
  } catch (error) {
    context.log.warn('password hash not renewed, next login tries again', { error: String(error) })
  }
}

function tooLong(password: string): boolean {
  return Buffer.byteLength(password) > MAX_BYTES
}
