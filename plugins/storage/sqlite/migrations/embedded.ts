/** Written by `test/migrations/generate.ts`: every migration in order, as text inside the binary. */
import m0001 from './0001_init.sql' with { type: 'text' }

export const migrations: readonly { readonly name: string; readonly sql: string }[] = [
  { name: '0001_init', sql: m0001 },
]
