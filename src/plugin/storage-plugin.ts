/** Storage as a plugin, and what every driver would otherwise write again: nullable fields, counters, cursors. */
import { type TNull, type TSchema, type TUnion, Type } from '@sinclair/typebox'
import { type Collection, defineCollection } from './collection.ts'
import { API_VERSION, type Plugin, type PluginContext } from './plugin.ts'
import type { Storage } from './storage.ts'

export type StoragePlugin<C extends TSchema = TSchema> = Plugin<'storage', C, Storage, PluginContext>

/** Declare a storage with its exact configuration type. */
export function defineStorage<C extends TSchema>(
  plugin: Omit<StoragePlugin<C>, 'kind' | 'apiVersion'>,
): StoragePlugin<C> {
  return { apiVersion: API_VERSION, kind: 'storage', ...plugin }
}

/** A field that may hold no value. */
export function nullable<S extends TSchema>(schema: S): TUnion<[S, TNull]> {
  return Type.Union([schema, Type.Null()])
}

const counterFields = Type.Object({
  key: Type.String({ maxLength: 190 }),
  count: Type.Integer(),
  expiresAt: Type.Integer(),
})

/** A collection for `increment`: bounded counters that end by themselves, each under one text key. */
export function defineCounter(name: string): Collection<typeof counterFields, 'key'> {
  return defineCollection({
    name,
    fields: counterFields,
    key: ['key'],
    indexes: [['expiresAt']],
    expiresAt: 'expiresAt',
  })
}
