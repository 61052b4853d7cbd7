/** `redirect`: what the browser brings back is believed only if it belongs to what was begun. */
import type { RedirectStart, Verdict } from '#plugin'
import { BrokenPromise, equal } from '../promise.ts'
import { checkVerdict, inTime, type LoginCase, equalIdentity, type Opened, refused } from './case.ts'

const CALLBACK = 'https://login.example/auth/oauth/callback'

async function begin({ source, subject }: Opened, state: string): Promise<RedirectStart> {
  if (!source.redirect) throw new BrokenPromise('Expected the source to offer redirect')
  return inTime(subject, source.redirect.begin({ callbackUrl: CALLBACK, state }))
}

/** A callback that cannot be true: refused by verdict or by throwing. */
async function complete({ source, subject }: Opened, url: string, state: RedirectStart['state']): Promise<Verdict> {
  const signal = new AbortController().signal
  const callback = { url, callbackUrl: CALLBACK, state, signal }
  const verdict = await inTime(
    subject,
    source.redirect?.complete(callback) ?? Promise.reject(new Error('no redirect')),
  ).catch((thrown: unknown): Verdict => {
    if (thrown instanceof BrokenPromise) throw thrown
    return { ok: false, why: 'unavailable' }
  })
  checkVerdict(verdict)
  return verdict
}

async function visited(opened: Opened, state: string) {
  const start = await begin(opened, state)
  const url = await opened.subject.redirect?.visit(start.url)
  if (url === undefined) throw new BrokenPromise('Expected the browser to come back')
  return { url, kept: start.state }
}

function changed(url: string, change: (parameters: URLSearchParams) => void): string {
  const parsed = new URL(url)
  change(parsed.searchParams)
  return parsed.href
}

export const redirecting: readonly LoginCase[] = [
  {
    name: 'begin sends to an absolute URL, with the state, and keeps what JSON can hold',
    needs: ['redirect'],
    async run(opened) {
      const { url, state } = await begin(opened, 'state-one')
      const { protocol, searchParams } = new URL(url)
      equal(['https:', 'http:'].includes(protocol), true, 'whether it is a web address')
      equal(searchParams.get('state'), 'state-one', 'the state')
      equal(JSON.parse(JSON.stringify(state)), state, 'what is kept, after JSON')
    },
  },
  {
    name: 'the way to the upstream and back gives the identity',
    needs: ['redirect'],
    async run(opened) {
      const { url, kept } = await visited(opened, 'state-one')
      equalIdentity(await complete(opened, url, kept), opened.accounts.right)
    },
  },
  {
    name: 'a callback with another state is refused',
    needs: ['redirect'],
    async run(opened) {
      const { url, kept } = await visited(opened, 'state-one')
      refused(
        await complete(
          opened,
          changed(url, (query) => query.set('state', 'state-two')),
          kept,
        ),
      )
      const second = await visited(opened, 'state-one')
      refused(
        await complete(
          opened,
          changed(second.url, (query) => query.delete('state')),
          second.kept,
        ),
      )
    },
  },
  {
    name: 'a callback with another code, or none, is refused',
    needs: ['redirect'],
    async run(opened) {
      for (const change of [
        (query: URLSearchParams) => query.set('code', 'another-code'),
        (query: URLSearchParams) => query.delete('code'),
      ]) {
        const { url, kept } = await visited(opened, 'state-one')
        refused(await complete(opened, changed(url, change), kept))
      }
    },
  },
  {
    name: 'a callback that belongs to another beginning is refused',
    needs: ['redirect'],
    async run(opened) {
      const [first, second] = [await visited(opened, 'state-one'), await visited(opened, 'state-two')]
      refused(await complete(opened, first.url, second.kept))
      refused(await complete(opened, second.url, {}))
    },
  },
  {
    name: 'a callback that says that the upstream refused is refused',
    needs: ['redirect'],
    async run(opened) {
      const { url, kept } = await visited(opened, 'state-one')
      const denied = changed(url, (query) => {
        query.delete('code')
        query.set('error', 'access_denied')
      })
      refused(await complete(opened, denied, kept))
    },
  },
  {
    name: 'a callback works once',
    needs: ['redirect'],
    async run(opened) {
      const { url, kept } = await visited(opened, 'state-one')
      equalIdentity(await complete(opened, url, kept), opened.accounts.right)
      refused(await complete(opened, url, kept))
    },
  },
]
