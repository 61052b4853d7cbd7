/** Measures as a table for people. */
import type { Measure } from './bench.ts'

const HEAD = ['what', 'measured', 'against', 'ratio', 'target']

export function misses(measure: Measure): boolean {
  return boundsOf(measure).some(({ met }) => !met)
}

function boundsOf({ value, unit, against, below, atLeast, ratio = {} }: Measure) {
  const share = against ? value / against.value : Number.NaN
  const { atLeast: least, atMost: most } = ratio
  return [
    ...(below === undefined ? [] : [{ text: `< ${below} ${unit}`, met: value < below }]),
    ...(atLeast === undefined ? [] : [{ text: `>= ${amount(atLeast, unit)}`, met: value >= atLeast }]),
    ...(least === undefined ? [] : [{ text: `ratio >= ${least}`, met: share >= least }]),
    ...(most === undefined ? [] : [{ text: `ratio <= ${most}`, met: share <= most }]),
  ]
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
  return boundsOf(measure)
    .map(({ text, met }) => `${text}: ${met ? 'met' : 'MISSED'}`)
    .join(', ')
}

function amount(value: number, unit: Measure['unit']): string {
  const digits = value < 100 ? 1 : 0
  const text = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return unit === '/s' ? `${text}/s` : `${text} ${unit}`
}
