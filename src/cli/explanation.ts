/** The answer of `/rabbitmq/explain` in words. */
import type { RuleWire } from './rule.ts'
import { printable } from './table.ts'

export interface ExplanationWire {
  readonly granted: boolean
  readonly rules: readonly RuleWire[]
  readonly near: readonly { readonly rule: RuleWire; readonly why: readonly string[] }[]
  readonly scopes: readonly string[]
  readonly outcome?: {
    readonly allowed: boolean
    readonly by?: string
    readonly brokerSays?: string
    readonly hint?: string
  } | null
}

interface Question {
  readonly user: string
  readonly vhost: string
  readonly action: string | undefined
  readonly resource: string | undefined
}

export function describeExplanation(answer: ExplanationWire, question: Question): string {
  const parts = [verdict(answer, question)]
  if (answer.rules.length > 0) parts.push(block('Rules that give something:', answer.rules.map(line)))
  if (answer.scopes.length > 0) parts.push(block('Scopes in the token:', answer.scopes))
  if (!allowed(answer) && answer.near.length > 0) {
    parts.push(
      block(
        'Rules that nearly apply:',
        answer.near.map(({ rule, why }) => `${line(rule)}\n    ${why.join('; ')}`),
      ),
    )
  }
  return parts.map((part) => part.split('\n').map(printable).join('\n')).join('\n\n')
}

function allowed(answer: ExplanationWire): boolean {
  return answer.outcome?.allowed ?? answer.granted
}

function verdict({ granted, outcome }: ExplanationWire, { user, vhost, action, resource }: Question): string {
  if (outcome === undefined || outcome === null) {
    return granted
      ? `${user} gets a token for vhost "${vhost}".`
      : `${user} gets no token for vhost "${vhost}": no rule gives anything there.`
  }
  const attempt = `${action} on ${resource} in vhost "${vhost}"`
  if (outcome.allowed) return `${user} may ${attempt}${outcome.by === undefined ? '.' : `,\nby scope ${outcome.by}`}`
  const reasons = [outcome.brokerSays && `The broker would say: ${outcome.brokerSays}`, outcome.hint]
  return [`${user} may not ${attempt}.`, ...reasons.filter((reason) => reason)].join('\n')
}

function line(rule: RuleWire): string {
  const rights = (['configure', 'write', 'read', 'tags'] as const)
    .filter((kind) => rule[kind].length > 0)
    .map((kind) => `${kind} ${rule[kind].join(' ')}`)
  return `${rule.id}  ${rule.subjectKind} ${rule.subject} in ${rule.vhost}: ${rights.join(', ')}`
}

function block(heading: string, lines: readonly string[]): string {
  return [heading, ...lines.map((each) => `  ${each}`)].join('\n')
}
