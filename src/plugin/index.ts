/** Everything a plugin author sees, published as `leveret/plugin`: contracts, types and tiny helpers. The only barrel. */
export * from './collection.ts'
export * from './gate.ts'
export * from './login-source.ts'
export * from './plugin.ts'
export * from './query.ts'
export * from './shape.ts'
export * from './storage.ts'
export * from './storage-plugin.ts'
