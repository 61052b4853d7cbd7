/** `leveret client registration-token`: lets somebody register clients. */
import { withApi } from './client.ts'
import { defineCommand, UsageError } from './command.ts'
import { secondsOf } from './duration-option.ts'

interface TokenWire {
  readonly token: string
  readonly uses: number
  readonly expiresAt: string
}

export const registrationToken = defineCommand({
  name: 'registration-token',
  summary: 'Make a token that lets somebody register clients, printed this once',
  about: 'For dynamic registration (RFC 7591), where the configuration has oauth.registration = "token".',
  args: {},
  options: {
    uses: { type: 'string', value: 'NUMBER', help: 'How many clients (default: 1)' },
    ttl: { type: 'string', value: 'DURATION', help: 'How long it works (default: 24h)' },
    note: { type: 'string', value: 'TEXT', help: 'For whom it is' },
  },
  examples: [
    { says: 'For one client, within a day', line: 'leveret client registration-token' },
    { says: 'For a team', line: 'leveret client registration-token --uses 20 --ttl 7d --note "team billing"' },
  ],
  async run(call) {
    const { uses, ttl, note } = call.options
    if (uses !== undefined && !/^\d{1,5}$/.test(uses)) throw new UsageError('--uses must be a number')
    const body = { uses: uses === undefined ? undefined : Number(uses), ttlSeconds: secondsOf('ttl', ttl), note }
    const made = await withApi(call, (api) => api.send<TokenWire>('POST', '/registration-tokens', body))
    return {
      data: made,
      text: `${made.token}\nFor ${made.uses} client${made.uses === 1 ? '' : 's'}, until ${made.expiresAt}`,
    }
  },
})
