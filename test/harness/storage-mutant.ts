/** A SQLite store broken by one of the mutants among processes, for this process and for others. */
import type { Storage } from '#plugin'
import { brokenAmongProcesses } from '../conformance/mutants-of-process.ts'
import type { Store } from '../conformance/storage.ts'
import { openEmptySqlite, open as openRight } from './storage-sqlite.ts'

/** What another process opens: the name of the mutant and the folder. */
export async function open(argument: string): Promise<Storage> {
  const [name, folder] = JSON.parse(argument) as [string, string]
  const right = await openRight(folder)
  return brokenAmongProcesses.find((mutant) => mutant.name === name)?.over(right) ?? right
}

export async function openEmptyMutant(name: string): Promise<Store> {
  const store = await openEmptySqlite()
  const argument = JSON.stringify([name, store.elsewhere?.argument])
  return { ...store, open: () => open(argument), elsewhere: { module: import.meta.path, argument } }
}
