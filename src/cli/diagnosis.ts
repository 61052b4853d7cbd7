/** What doctors found, in words: the broker's rules over a token, and our own over the server. */
import { printable } from './table.ts'

export interface Finding {
  /** Stable name of what was looked at. */
  readonly rule: string
  readonly ok: boolean
  /** What was seen and, if it is wrong, what to do. */
  readonly text: string
  /** What a broker writes into its log or answers to the client. */
  readonly brokerSays?: string
}

export interface DiagnosisWire {
  readonly findings: readonly Finding[]
}

export function isHealthy({ findings }: DiagnosisWire): boolean {
  return findings.every((finding) => finding.ok)
}

/** One line a finding, the broker's own words below it; faults last, where the eye is. */
export function describeDiagnosis(
  { findings }: DiagnosisWire,
  verdicts: { readonly good: string; readonly bad: string },
): string {
  const width = Math.max(...findings.map((finding) => finding.rule.length))
  const ordered = [...findings.filter((finding) => finding.ok), ...findings.filter((finding) => !finding.ok)]
  const lines = ordered.flatMap(({ rule, ok, text, brokerSays }) => [
    `${ok ? 'ok    ' : 'FAULT '} ${rule.padEnd(width)}  ${printable(text)}`,
    ...(brokerSays === undefined ? [] : [`${' '.repeat(9 + width)}broker: ${printable(brokerSays)}`]),
  ])
  return [...lines, '', isHealthy({ findings }) ? verdicts.good : verdicts.bad].join('\n')
}
