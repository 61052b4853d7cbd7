/** What a benchmark is: some measures, each with what it is compared with. Ratios travel between machines, numbers do not. */
import type { ServerUnderLoad } from './server-under-load.ts'

export interface Bed {
  /** The compiled executable. */
  readonly executable: string
  /** One server for all who load it, started when first asked for. */
  server(): Promise<ServerUnderLoad>
  /** The same with a process for each processor. */
  wholeServer(): Promise<ServerUnderLoad>
}

export interface Measure {
  readonly what: string
  readonly value: number
  readonly unit: 'ms' | 'MB' | '/s'
  /** What the value is held against; the table shows value : other as the ratio. */
  readonly against?: { readonly what: string; readonly value: number }
  /** The value must stay below. */
  readonly below?: number
  readonly atLeast?: number
  /** Bounds of the ratio. */
  readonly ratio?: { readonly atLeast?: number; readonly atMost?: number }
}

export interface Bench {
  readonly name: string
  run(bed: Bed): Promise<readonly Measure[]>
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  if (low === undefined || high === undefined) throw new Error('There is no median of nothing')
  return (low + high) / 2
}
