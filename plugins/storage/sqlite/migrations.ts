/** Written by `test/migrations/generate.ts`: every migration in order, as text inside the binary. */
import m0001 from './migrations/0001_init.sql' with { type: 'text' }
import m0002 from './migrations/0002_signing_keys.sql' with { type: 'text' }

export const migrations: readonly { readonly name: string; readonly sql: string }[] = [
  { name: '0001_init', sql: m0001 },
  { name: '0002_signing_keys', sql: m0002 },
]
