import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { defineLoginSource, type Verdict } from 'leveret/plugin'

/** What `POST /check` and `GET /people/{id}` of the directory answer. */
const Person = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 190 }),
  login: Type.String({ minLength: 1 }),
  mail: Type.Optional(Type.String()),
  teams: Type.Array(Type.String()),
  active: Type.Boolean(),
})

export default defineLoginSource({
  type: 'directory-api',
  config: Type.Object(
    {
      url: Type.String({ pattern: '^https?://', description: 'Base of the API' }),
      key: Type.String({ minLength: 1, description: 'Sent as a bearer token' }),
      timeout: Type.Integer({ default: 5_000, minimum: 1, description: 'Milliseconds for one question' }),
    },
    { additionalProperties: false },
  ),
  async open({ url, key, timeout }) {
    const base = url.replace(/\/$/, '')

    async function ask(path: string, init: RequestInit, signal: AbortSignal): Promise<Verdict> {
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
      const answer = await fetch(base + path, { ...init, headers, signal: inTime, redirect: 'error' })
      if (answer.status === 401 || answer.status === 404) return { ok: false, why: 'credentials' }
      if (!answer.ok) return { ok: false, why: 'unavailable', detail: `the directory answers ${answer.status}` }
      const person: unknown = await answer.json()
      if (!Value.Check(Person, person)) {
        return { ok: false, why: 'unavailable', detail: 'the directory answers something else' }
      }
      if (!person.active) return { ok: false, why: 'disabled' }
      const { id: externalId, login: username, teams: groups, mail } = person
      return { ok: true, identity: { externalId, username, groups, ...(mail !== undefined && { email: mail }) } }
    }

    return {
      password: {
        async verify({ username, password, signal }) {
          // Some directories take an empty password for "no password needed".
          if (username === '' || password === '') return { ok: false, why: 'credentials' }
          return ask('/check', { method: 'POST', body: JSON.stringify({ login: username, password }) }, signal)
        },
      },
      refresh: ({ externalId, signal }) => ask(`/people/${encodeURIComponent(externalId)}`, {}, signal),
      async [Symbol.asyncDispose]() {},
    }
  },
})
