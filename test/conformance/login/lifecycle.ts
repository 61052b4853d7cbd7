/** Opening and closing, again and again, and what is promised before either. */
import { readdirSync } from 'node:fs'
import { Value } from '@sinclair/typebox/value'
import type { LoginSource } from '#plugin'
import { BrokenPromise, equal } from '../promise.ts'
import { inTime, type LoginCase, equalIdentity, type Opened } from './case.ts'
import { lend } from './lent.ts'

/** A hundred rounds, or a quarter of that where each takes a process. */
const ROUNDS = 100
const QUICK = 20

/** Descriptors of this process, where the system tells. */
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

async function loginOnce(source: LoginSource, { subject, accounts: { right } }: Opened): Promise<void> {
  const known = source.passwordChange && { externalId: right.externalId }
  const signal = new AbortController().signal
  await inTime(subject, source.password?.verify({ ...right, ...known, signal }) ?? Promise.resolve(undefined))
}

export const lifecycle: readonly LoginCase[] = [
  {
    name: 'the source offers what it is said to offer, nothing more',
    async run({ source, subject }) {
      const { offers = [], accounts, redirect, negotiate } = subject
      const said = {
        password: accounts.right.password !== '',
        redirect: redirect !== undefined,
        negotiate: negotiate !== undefined,
        refresh: offers.includes('refresh'),
        lookup: offers.includes('lookup'),
        passwordChange: offers.includes('passwordChange'),
        health: offers.includes('health'),
      }
      const offered = Object.fromEntries(
        Object.keys(said).map((name) => [name, source[name as keyof LoginSource] !== undefined]),
      )
      equal(offered, said, 'what the source offers')
    },
  },
  {
    name: 'health of a working source is good',
    needs: ['health'],
    async run({ source, subject }) {
      const health = source.health ? await inTime(subject, source.health()) : undefined
      equal(health?.ok, true, 'whether it is healthy')
    },
  },
  {
    name: 'closing twice is no error',
    async run({ again, subject }) {
      const source = await again()
      await inTime(subject, Promise.resolve(source[Symbol.asyncDispose]()))
      await inTime(subject, Promise.resolve(source[Symbol.asyncDispose]()))
    },
  },
  {
    name: 'closing one opening leaves the others open',
    needs: ['password'],
    async run({ again, verify, accounts: { right } }) {
      const source = await again()
      await source[Symbol.asyncDispose]()
      equalIdentity(await verify(right), right)
    },
  },
  {
    name: 'opening and closing again and again keeps no descriptor open',
    async run(opened) {
      const { subject } = opened
      const round = async () => {
        const { context } = lend(subject)
        const source = await subject.open(context)
        await loginOnce(source, opened).catch(() => undefined)
        await source[Symbol.asyncDispose]()
      }
      const since = performance.now()
      for (let warm = 0; warm < 5; warm++) await round()
      const rounds = (performance.now() - since) / 5 < QUICK ? ROUNDS : ROUNDS / 4
      const before = openDescriptors()
      for (let index = 0; index < rounds; index++) await round()
      const more = openDescriptors() - before
      if (more > rounds / 5)
        throw new BrokenPromise(`Expected no more descriptors after ${rounds} rounds, got ${more} more`)
    },
  },
  {
    name: 'a section with an unknown key is refused, the right one is not',
    needs: ['plugin'],
    async run({ subject }) {
      const { plugin, config = {} } = subject.plugin ?? {}
      if (!plugin) throw new BrokenPromise('Expected a plugin')
      const fits = (section: object) =>
        Value.Check(plugin.config, Value.Default(plugin.config, structuredClone(section)))
      equal(fits(config), true, 'whether the right configuration is taken')
      equal(fits({ ...config, noSuchKeyAtAll: 1 }), false, 'whether an unknown key is taken')
    },
  },
  {
    name: 'the plugin says what it is',
    needs: ['plugin'],
    async run({ subject }) {
      const { plugin } = subject.plugin ?? {}
      equal(plugin?.kind, 'login', 'the kind')
      equal(/^[a-z0-9][a-z0-9-]{0,62}$/.test(plugin?.type ?? ''), true, 'whether the type is a name')
    },
  },
]
