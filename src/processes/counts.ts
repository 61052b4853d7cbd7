/** What several processes counted, as one. */
import type { Counts, Series } from '../http/metrics.ts'

export const NOTHING: Counts = {
  requests: [],
  durations: [],
  events: [],
  refusals: [],
  cpu: 0,
  resident: 0,
  heap: 0,
  processes: 0,
  startedAt: Number.POSITIVE_INFINITY,
}

export function total(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) => all.reduce((before, counts) => before + of(counts), 0)
  return {
    requests: added(all.flatMap(({ requests }) => requests)),
    durations: joined(all.flatMap(({ durations }) => durations)),
    events: added(all.flatMap(({ events }) => events)),
    refusals: added(all.flatMap(({ refusals }) => refusals)),
    cpu: sum(({ cpu }) => cpu),
    resident: sum(({ resident }) => resident),
    heap: sum(({ heap }) => heap),
    processes: sum(({ processes }) => processes),
    startedAt: Math.min(...all.map(({ startedAt }) => startedAt)),
  }
}

/** What stays of a process that has ended: what only ever grows. */
export function remains(counts: Counts): Counts {
  return { ...counts, resident: 0, heap: 0, processes: 0 }
}

function added(samples: Counts['requests']): Counts['requests'] {
  const sums = new Map<string, number>()
  for (const [labels, value] of samples) sums.set(labels, (sums.get(labels) ?? 0) + value)
  return [...sums]
}

function joined(samples: Counts['durations']): Counts['durations'] {
  const sums = new Map<string, Series>()
  for (const [labels, series] of samples) {
    const before = sums.get(labels)
    sums.set(labels, before ? joinedSeries(before, series) : series)
  }
  return [...sums]
}

function joinedSeries(a: Series, b: Series): Series {
  const buckets = a.buckets.map((count, at) => count + (b.buckets[at] ?? 0))
  return { buckets, count: a.count + b.count, sum: a.sum + b.sum }
}
