/** A storage of this process, offered over the protocol. */
import type { TObject } from '@sinclair/typebox'
import type { AnyCollection, AnyQuery, Step, Storage, StoragePlugin } from '#plugin'
import type { Handler } from './calls.ts'
import { contextOf, type Opening } from './hosted-context.ts'
import type { Offer } from './hosted.ts'
import type { Params } from './methods.ts'

type StorageMethod = 'migrate' | 'get' | 'find' | 'commit' | 'increment' | 'deleteExpired' | 'backup' | 'watch'

export async function hostedStorage(plugin: StoragePlugin, opening: Opening): Promise<Offer> {
  const storage = await plugin.open(opening.config as never, contextOf(opening)) // decoded by its own schema
  const capabilities = [...(storage.backup ? ['backup'] : []), ...(storage.watch ? ['watch'] : [])]
  const handlers = handlersOf(storage, (changed) => opening.line.send({ changed }))
  return { capabilities, handlers, [Symbol.asyncDispose]: async () => storage[Symbol.asyncDispose]() }
}

type Handlers = { readonly [M in StorageMethod]: (params: Params<M>) => Promise<unknown> }

function handlersOf(storage: Storage, tell: (changed: readonly string[]) => void): Offer['handlers'] {
  const declared = new Map<string, AnyCollection>()
  let watching: Promise<AsyncDisposable> | undefined
  const named = (name: string): AnyCollection => {
    const found = declared.get(name)
    if (!found) throw new TypeError(`Cannot use ${name}: it was not migrated`)
    return found
  }
  const handlers: Handlers = {
    async migrate({ collections }) {
      const revived = collections.map(revive)
      await storage.migrate(revived)
      for (const each of revived) declared.set(each.name, each)
      return {}
    },
    get: async ({ collection, key }) => ({ row: (await storage.get(named(collection), key)) ?? null }),
    find: async ({ collection, query }) => storage.find(named(collection), query as AnyQuery), // JSON has no undefined
    async commit({ steps }) {
      const outcome = await storage.commit(steps.map((step) => stepOf(step, named)))
      return outcome.ok ? { ok: true, taken: outcome.taken.map((row) => row ?? null) } : outcome
    },
    increment: async ({ collection, key, by }) => storage.increment(named(collection), key, by),
    deleteExpired: async ({ collection, now, limit }) => ({
      removed: await storage.deleteExpired(named(collection), now, limit),
    }),
    async backup({ to }) {
      await storage.backup?.(to)
      return {}
    },
    async watch() {
      watching ??= storage.watch?.(tell)
      await watching
      return {}
    },
  }
  return handlers as unknown as Readonly<Record<StorageMethod, Handler>> // parameters come from the server
}

/** Drivers read kinds and lengths, which are in the JSON Schema as well. */
function revive({ fields, ...declaration }: Params<'migrate'>['collections'][number]): AnyCollection {
  return { ...declaration, fields: fields as unknown as TObject } // of an object, the server says
}

/** A step with collections where their names were. */
function stepOf(step: Params<'commit'>['steps'][number], named: (name: string) => AnyCollection): Step {
  if ('insert' in step) return { insert: named(step.insert), row: step.row }
  if ('delete' in step) return { delete: named(step.delete), where: step.where } as Step // JSON has no undefined
  const when = step.when && { when: step.when }
  if ('take' in step) return { take: named(step.take), key: step.key, ...when }
  return { update: named(step.update), key: step.key, set: step.set, ...when }
}
