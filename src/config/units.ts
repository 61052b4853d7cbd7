/** Durations ("5m") and sizes ("1MiB") as people write them, and as numbers: milliseconds and bytes. */

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const SIZE_UNITS = {
  B: 1,
  KB: 1000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
} as const

export const DURATION_PATTERN = '^\\d{1,9}(ms|s|m|h|d|w)$'
export const SIZE_PATTERN = '^\\d{1,9}(B|KB|MB|GB|KiB|MiB|GiB)$'

/** "5m" to 300000; `undefined` when it is no duration. */
export function parseDuration(text: string): number | undefined {
  return parseUnits(text, DURATION_UNITS)
}

/** "1MiB" to 1048576; `undefined` when it is no size. */
export function parseSize(text: string): number | undefined {
  return parseUnits(text, SIZE_UNITS)
}

/** 300000 to "5m": the largest unit that leaves no remainder. */
export function formatDuration(milliseconds: number): string {
  return formatUnits(milliseconds, DURATION_UNITS, 'ms')
}

/** 1048576 to "1MiB". */
export function formatSize(bytes: number): string {
  return formatUnits(bytes, SIZE_UNITS, 'B')
}

function parseUnits(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d{1,9})([A-Za-z]+)$/.exec(text)
  const unit = match === null ? undefined : units[match[2] ?? '']
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit
}

function formatUnits(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  const fitting = Object.entries(units).filter(([, size]) => value > 0 && value % size === 0)
  const [unit, size] = fitting.sort((a, b) => b[1] - a[1])[0] ?? [smallest, 1]
  return `${value / size}${unit}`
}
