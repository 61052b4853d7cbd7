/** Shapes that several endpoints share: paging, lists, names. */
import { type TSchema, Type as t } from '@sinclair/typebox'

export const nullableText = (maxLength: number) => t.Union([t.String({ maxLength }), t.Null()])

/** Keys of the body beyond those named are refused, with their path. */
export const strict = { additionalProperties: false } as const

export const pageQuery = {
  limit: t.Optional(t.Integer({ minimum: 1, maximum: 500, description: 'How many items at most; 100 if left out' })),
  after: t.Optional(t.String({ maxLength: 1024, description: 'The `next` of the page before' })),
}
export const PageQuery = t.Object(pageQuery, strict)

/** The paging part of a query, as the domain wants it. */
export function pageOf(query: { readonly limit?: number; readonly after?: string }) {
  return { limit: query.limit ?? 100, ...(query.after !== undefined && { after: query.after }) }
}

export function listOf<S extends TSchema>(item: S) {
  return t.Object({ items: t.Array(item), next: t.Union([t.String(), t.Null()]) })
}

/** One page as it goes over the wire; `next` is `null` on the last one. */
export function list<R, W>(page: { readonly rows: readonly R[]; readonly next?: string }, wire: (row: R) => W) {
  return { items: page.rows.map(wire), next: page.next ?? null }
}

export const instant = (epochMilliseconds: number) => new Date(epochMilliseconds).toISOString()
export const instantOrNull = (at: number | null) => (at === null ? null : instant(at))
export const Instant = t.String({ format: 'date-time' })
