/** Every case of the storage kit. */
import type { Case } from './case.ts'
import { counting } from './counting.ts'
import { cursors } from './cursors.ts'
import { finding } from './finding.ts'
import { migrating } from './migrating.ts'
import { amongProcesses } from './processes.ts'
import { races } from './races.ts'
import { reading } from './reading.ts'
import { several } from './several.ts'
import { values } from './values.ts'
import { writing } from './writing.ts'

export const storageCases: readonly Case[] = [
  ...reading,
  ...values,
  ...finding,
  ...cursors,
  ...writing,
  ...several,
  ...races,
  ...counting,
  ...migrating,
  ...amongProcesses,
]
