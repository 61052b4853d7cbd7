/** Measures as a table for people. */
import type { Measure } from './bench.ts'

const HEAD = ['what', 'measured', 'against', 'ratio', 'target']

export function misses({ value, below, atLeast }: Measure): boolean {
  return (below !== undefined && value >= below) || (atLeast !== undefined && value < atLeast)
}

export function tableOf(measures: readonly Measure[]): string {
  const rows = [HEAD, ...measures.map(row)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)))
  return rows
    .map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

function row(measure: Measure): string[] {
  const { what, value, unit, against } = measure
  return [
    what,
    amount(value, unit),
    against ? `${against.what}: ${amount(against.value, unit)}` : '',
    against ? (value / against.value).toFixed(2) : '',
    targetOf(measure),
  ]
}

function targetOf(measure: Measure): string {
  const { unit, below, atLeast } = measure
  const bounds = [
    ...(below === undefined ? [] : [`< ${below} ${unit}`]),
    ...(atLeast === undefined ? [] : [`>= ${amount(atLeast, unit)}`]),
  ]
  return bounds.length === 0 ? '' : `${bounds.join(', ')}: ${misses(measure) ? 'MISSED' : 'met'}`
}

function amount(value: number, unit: Measure['unit']): string {
  const digits = value < 100 ? 1 : 0
  const text = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return unit === '/s' ? `${text}/s` : `${text} ${unit}`
}
