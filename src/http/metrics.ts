/** Counters and histograms in the Prometheus text format. Labels hold route patterns and outcomes, never names of people. */
import type { AuditEntry } from '../core/audit/audit.ts'

export interface Metrics {
  request(labels: { readonly method: string; readonly route: string; readonly status: number }, seconds: number): void
  event(entry: Pick<AuditEntry, 'event' | 'outcome'>): void
  /** What this process has counted and uses. */
  counts(): Counts
  /** The exposition text; each check becomes a gauge. Of this process unless told what several counted together. */
  render(checks: readonly { readonly name: string; readonly ok: boolean }[], counts?: Counts): string
}

/** Plain data, so that processes can tell each other; each sample with its labels. */
export interface Counts {
  readonly requests: readonly (readonly [string, number])[]
  readonly durations: readonly (readonly [string, Series])[]
  readonly events: readonly (readonly [string, number])[]
  readonly refusals: readonly (readonly [string, number])[]
  /** Seconds of processor time. */
  readonly cpu: number
  /** Bytes. */
  readonly resident: number
  readonly heap: number
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly processes: number
}

export interface BuildInfo {
  readonly version: string
  readonly commit: string
}

/** Upper bounds in seconds: a token takes a millisecond, a password a hundred. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const

export interface Series {
  readonly buckets: number[]
  count: number
  sum: number
}

/** What a plugin was refused so many times. */
export interface PluginRefusals {
  readonly plugin: string
  readonly permission: string
  readonly times: number
}

export function createMetrics(
  { version, commit }: BuildInfo,
  startedAt: number,
  refusals: () => Iterable<PluginRefusals> = () => [],
): Metrics {
  // Counted under the bare values; they become labels when somebody asks.
  const requests = new Map<string, number>()
  const durations = new Map<string, Series>()
  const events = new Map<string, number>()

  function counts(): Counts {
    const { rss, heapUsed } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const used = { cpu: (user + system) / 1e6, resident: rss, heap: heapUsed, processes: 1, startedAt }
    const refused = Array.from(refusals(), ({ plugin, permission, times }): readonly [string, number] => [
      `plugin="${label(plugin)}",permission="${label(permission)}"`,
      times,
    ])
    return {
      requests: labelled(requests, ['method', 'route', 'status']),
      durations: labelled(durations, ['route']),
      events: labelled(events, ['event', 'outcome']),
      refusals: refused,
      ...used,
    }
  }

  return {
    request({ method, route, status }, seconds) {
      count(requests, `${method}\n${route}\n${status}`)
      observe(durations, route, seconds)
    },
    event({ event, outcome }) {
      count(events, `${event}\n${outcome}`)
    },
    counts,
    render(checks, all = counts()) {
      return [
        ...family('leveret_build_info', 'gauge', 'Version and commit of this build', [
          [`version="${label(version)}",commit="${label(commit)}"`, 1],
        ]),
        ...family('leveret_start_time_seconds', 'gauge', 'When this server started', [['', all.startedAt / 1000]]),
        ...family(
          'leveret_check_ok',
          'gauge',
          'Whether what the server depends on is usable, as /readyz tells',
          new Map(checks.map(({ name, ok }) => [`check="${label(name)}"`, ok ? 1 : 0])),
        ),
        ...family('leveret_processes', 'gauge', 'Processes of this server that answer', [['', all.processes]]),
        ...family('process_resident_memory_bytes', 'gauge', 'Resident memory of all processes', [['', all.resident]]),
        ...family('leveret_heap_used_bytes', 'gauge', 'Used part of the heaps of all processes', [['', all.heap]]),
        ...family('process_cpu_seconds_total', 'counter', 'Processor time of all processes', [['', all.cpu]]),
        ...family('leveret_http_requests_total', 'counter', 'Answered requests', all.requests),
        ...histogram('leveret_http_request_duration_seconds', 'Time to answer', all.durations),
        ...family('leveret_events_total', 'counter', 'Audit events: logins, tokens, changes', all.events),
        ...family(
          'leveret_plugin_refusals_total',
          'counter',
          'What plugins tried outside their permissions, by the permission that they lack',
          all.refusals,
        ),
        '',
      ].join('\n')
    },
  }
}

function labelled<V>(samples: ReadonlyMap<string, V>, names: readonly string[]): readonly (readonly [string, V])[] {
  return Array.from(samples, ([values, sample]) => {
    const given = values.split('\n')
    return [names.map((name, at) => `${name}="${label(given[at] ?? '')}"`).join(), sample] as const
  })
}

function count(counters: Map<string, number>, labels: string): void {
  counters.set(labels, (counters.get(labels) ?? 0) + 1)
}

function observe(series: Map<string, Series>, labels: string, seconds: number): void {
  let one = series.get(labels)
  if (!one) series.set(labels, (one = { buckets: BOUNDS.map(() => 0), count: 0, sum: 0 }))
  one.count++
  one.sum += seconds
  const bucket = BOUNDS.findIndex((bound) => seconds <= bound)
  if (bucket >= 0) one.buckets[bucket] = (one.buckets[bucket] ?? 0) + 1
}

function family(name: string, type: string, help: string, samples: Iterable<readonly [string, number]>): string[] {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
  for (const [labels, value] of samples) lines.push(labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`)
  return lines
}

function histogram(name: string, help: string, all: Counts['durations']): string[] {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`]
  for (const [labels, { buckets, count: total, sum }] of all) {
    let below = 0
    for (const [index, bound] of BOUNDS.entries())
      lines.push(`${name}_bucket{${labels},le="${bound}"} ${(below += buckets[index] ?? 0)}`)
    lines.push(`${name}_bucket{${labels},le="+Inf"} ${total}`, `${name}_sum{${labels}} ${sum}`)
    lines.push(`${name}_count{${labels}} ${total}`)
  }
  return lines
}

function label(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
