/**
 * A storage in a process of its own, seen from the server. What the declarations rule out is refused here, before it is
 * asked, so that a driver in another language need not know the checks; what comes back is checked as well.
 */
import {
  type AnyCollection,
  type AnyRow,
  checkExpiry,
  checkIncrement,
  checkKey,
  checkQuery,
  checkRow,
  checkStep,
  InvalidCursor,
  SchemaTooNew,
  type Shape,
  shapeOf,
  type Step,
  type Storage,
} from '#plugin'
import { RemoteError } from './calls.ts'
import { plain } from './messages.ts'
import type { Params, PluginMethod } from './methods.ts'
import type { Ask, Worker } from './worker.ts'

const DEADLINE = 30_000
const MIGRATION_DEADLINE = 600_000
type WireDeclaration = Params<'migrate'>['collections'][number]
type WireStep = Params<'commit'>['steps'][number]

export interface Told {
  /** Collections that a process which starts again is told of first. */
  readonly declared: Map<string, WireDeclaration>
  readonly watchers: Set<(collections: readonly string[]) => void>
}

export function told(): Told {
  return { declared: new Map(), watchers: new Set() }
}

/** What a process that was started again has to hear: the declarations, and whether anybody watches. */
export async function remind(call: Worker['call'], { declared, watchers }: Told): Promise<void> {
  if (declared.size > 0)
    await call('migrate', { collections: [...declared.values()] }, { deadline: MIGRATION_DEADLINE })
  if (watchers.size > 0) await call('watch', {})
}

export function storageOf(worker: Worker, { declared, watchers }: Told): Storage {
  const ask = <M extends PluginMethod>(method: M, params: Params<M>, how: Ask = { deadline: DEADLINE }) =>
    worker.call(method, params, how).catch((error: unknown) => {
      throw asContractSays(error)
    })
  const migrate = async (collections: readonly AnyCollection[]): Promise<void> => {
    for (const each of collections) shapeOf(each)
    const declarations = collections.map(declarationOf)
    await ask('migrate', { collections: declarations }, { deadline: MIGRATION_DEADLINE })
    for (const each of declarations) declared.set(each.name, each)
  }
  /** On the wire there are only names, so the process has to have heard of the collections. */
  const known = async (...collections: readonly AnyCollection[]): Promise<void> => {
    const unknown = collections.filter(({ name }) => !declared.has(name))
    if (unknown.length > 0) await migrate([...new Set(unknown)])
  }
  return {
    migrate,
    async get(collection, key) {
      checkKey(collection, key)
      await known(collection)
      const { row } = await ask('get', { collection: collection.name, key })
      return row === null ? undefined : trusted(shapeOf(collection), row)
    },
    async find(collection, query) {
      const { after, ...first } = query
      checkQuery(collection, first) // a cursor is the driver's own
      const wire = { ...wireWhere(first), limit: first.limit, ...(after !== undefined && { after }) }
      const descending = first.descending === undefined ? {} : { descending: first.descending }
      await known(collection)
      const { rows, next } = await ask('find', { collection: collection.name, query: { ...wire, ...descending } })
      const shape = shapeOf(collection)
      return { rows: rows.map((row) => trusted(shape, row)), ...(next !== undefined && { next }) }
    },
    async commit(steps) {
      for (const step of steps) checkStep(step)
      await known(...steps.map(collectionOf))
      const outcome = await ask('commit', { steps: steps.map(wireStep) })
      if (!outcome.ok) return { ok: false, failed: outcome.failed }
      return { ok: true, taken: takenOf(steps, outcome.taken) }
    },
    async increment(collection, key, by) {
      checkIncrement(collection, key, by)
      await known(collection)
      const { ok, count, expiresAt } = await ask('increment', { collection: collection.name, key, by: { ...by } })
      return { ok, count, expiresAt }
    },
    async deleteExpired(collection, now, limit) {
      checkExpiry(collection, now, limit)
      await known(collection)
      return (await ask('deleteExpired', { collection: collection.name, now, limit })).removed
    },
    ...(worker.capabilities.has('backup') && {
      async backup(to: string) {
        await ask('backup', { to }, { deadline: MIGRATION_DEADLINE })
      },
    }),
    ...(worker.capabilities.has('watch') && {
      async watch(changed: (collections: readonly string[]) => void) {
        watchers.add(changed)
        await ask('watch', {})
        return {
          async [Symbol.asyncDispose]() {
            watchers.delete(changed)
          },
        }
      },
    }),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  }
}

function declarationOf({ name, fields, key, unique, indexes, expiresAt }: AnyCollection): WireDeclaration {
  return {
    name,
    fields: plain(fields),
    key: [...key],
    ...(unique && { unique: unique.map((each) => [...each]) }),
    ...(indexes && { indexes: indexes.map((each) => [...each]) }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function wireWhere({ by, equals, prefix, range }: Parameters<Storage['find']>[1] | DeleteWhere) {
  return {
    ...(by && { by: [...by] }),
    ...(equals && { equals }),
    ...(prefix !== undefined && { prefix }),
    ...(range && { range: wireRange(range) }),
  }
}
type DeleteWhere = Extract<Step, { delete: unknown }>['where']

function wireRange({ from, to }: NonNullable<DeleteWhere['range']>) {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

function collectionOf(step: Step): AnyCollection {
  if ('insert' in step) return step.insert
  if ('update' in step) return step.update
  return 'take' in step ? step.take : step.delete
}

function wireStep(step: Step): WireStep {
  const { name } = collectionOf(step)
  if ('insert' in step) return { insert: name, row: step.row }
  if ('delete' in step) return { delete: name, where: wireWhere(step.where) }
  const when = step.when && { when: step.when }
  return 'take' in step
    ? { take: name, key: step.key, ...when }
    : { update: name, key: step.key, set: step.set, ...when }
}

/** A row as the collection declares it, or the driver failed. */
function trusted(shape: Shape, row: AnyRow): AnyRow {
  try {
    return checkRow(shape, row)
  } catch (cause) {
    throw new Error(`The storage answered with a row that ${shape.name} cannot hold`, { cause })
  }
}

function takenOf(steps: readonly Step[], taken: readonly (AnyRow | null)[]): (AnyRow | undefined)[] {
  return steps.map((step, index) => {
    const row = taken[index] ?? null
    if ('take' in step !== (row !== null)) throw new Error('The storage answered a commit with rows that do not fit')
    return row !== null && 'take' in step ? trusted(shapeOf(step.take), row) : undefined
  })
}

const ERRORS: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  TypeError,
  RangeError,
  InvalidCursor,
  SchemaTooNew,
}

/** An error of the driver under the name that the contract gives it. */
function asContractSays(error: unknown): unknown {
  if (!(error instanceof RemoteError)) return error
  const Known = (Object.hasOwn(ERRORS, error.kind) ? ERRORS[error.kind] : undefined) ?? Error
  return new Known(error.message, { cause: error })
}
