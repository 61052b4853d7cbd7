/** Field values as SQLite keeps them, and back. */
import type { AnyRow, Condition, FieldShape, Scalar, Shape } from '#plugin'

export type Stored = string | number | null

export function encode(field: FieldShape, value: unknown): Stored {
  if (value === null) return null
  if (field.kind === 'json') return JSON.stringify(value)
  return typeof value === 'boolean' ? Number(value) : (value as string | number)
}

export function encodeRow(fields: readonly FieldShape[], row: AnyRow): Stored[] {
  return fields.map((field) => encode(field, row[field.name]))
}

/** The values to bind for these conditions; one that is `null` is spelled out in the statement. */
export function encodeConditions(conditions: readonly Condition[]): Stored[] {
  return conditions.flatMap(({ field, value }) => (value === null ? [] : [encode(field, value)]))
}

export function encodeScalar(value: Scalar): Stored {
  return typeof value === 'boolean' ? Number(value) : value
}

/** A row from the values of all its fields, in their order. */
export function decodeRow(shape: Shape, values: readonly unknown[]): AnyRow {
  const row: Record<string, unknown> = {}
  for (let at = 0; at < shape.fields.length; at++) {
    const field = shape.fields[at]
    const value = values[at]
    if (field) row[field.name] = value === null ? null : decode(field, value)
  }
  return row
}

function decode(field: FieldShape, value: unknown): unknown {
  if (field.kind === 'boolean') return value !== 0
  return field.kind === 'json' ? JSON.parse(value as string) : value
}
