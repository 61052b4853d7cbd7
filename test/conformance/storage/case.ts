/**
 * What a case of the storage kit is and how one is run. Cases are data, so that a test runner, the proof by broken drivers
 * and one day a command of the binary can all run them.
 */
import type { AnyCollection, Storage } from '#plugin'
import { kit } from './collections.ts'

/** A store with nothing in it, made for one case and removed when disposed of. */
export interface Store extends AsyncDisposable {
  /** Opens the store; each call is one more opening of the same data, as another process would have it. Migrates nothing. */
  open(): Promise<Storage>
  /** For `processes`: a module that another process imports, and the argument for its `open(argument): Promise<Storage>`. */
  readonly elsewhere?: { readonly module: string; readonly argument: string }
  /** For `newer`: makes the migrated store look as if a newer release had written it. */
  readonly becomeNewer?: () => Promise<void>
  /** For `backup`: where a copy may be written, and how that copy is opened. */
  readonly copy?: { readonly to: string; open(): Promise<Storage> }
}
export type OpenEmpty = () => Promise<Store>

/** What a driver may leave out, or a runner not be able to show. */
export type Ability = 'processes' | 'newer' | 'backup' | 'watch'

export interface Subject {
  /** Opened, and migrated to the collections of the kit unless the case is `unprepared`. */
  readonly storage: Storage
  readonly store: Store
  /** Another opening of the same store, migrated to the same collections; closed after the case. */
  readonly again: () => Promise<Storage>
}
export interface Case {
  /** A promise of the contract, as a sentence. */
  readonly name: string
  readonly needs?: Ability
  /** The case migrates by itself. */
  readonly unprepared?: true
  run(subject: Subject): Promise<void>
}

/** Runs one case on a store of its own. Throws `BrokenPromise`, or whatever the driver threw. */
export async function runCase(one: Case, openEmpty: OpenEmpty): Promise<void> {
  await using closing = new AsyncDisposableStack()
  const store = closing.use(await openEmpty())
  const open = async (collections: readonly AnyCollection[]) => {
    const storage = closing.use(await store.open())
    if (!one.unprepared) await storage.migrate(collections)
    return storage
  }
  await one.run({ storage: await open(kit), store, again: () => open(kit) })
}
