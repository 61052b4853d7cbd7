/** `leveret doctor SOURCE --user NAME`: the way of a login through a login source, each step with its time. */
import { type Api, withApi } from './client.ts'
import { type Call, type Report, UsageError } from './command.ts'
import { readPassword } from './password.ts'
import { fields, printable } from './table.ts'

interface StepWire {
  readonly step: string
  readonly ok: boolean
  readonly detail: string
  readonly milliseconds: number
}
interface DiagnosisWire {
  readonly steps: readonly StepWire[]
  readonly milliseconds: number
  readonly verdict:
    | { readonly ok: false; readonly why: string; readonly detail?: string }
    | {
        readonly ok: true
        readonly identity: {
          readonly externalId: string
          readonly username: string
          readonly email?: string
          readonly displayName?: string
          readonly groups: readonly string[]
          readonly claims?: Readonly<Record<string, unknown>>
        }
      }
}

export async function examineSource(
  call: Pick<Call, 'common' | 'io'>,
  asked: { readonly source: string; readonly user: string | undefined; readonly passwordFile: string | undefined },
): Promise<Report> {
  const { source, user: username, passwordFile } = asked
  if (username === undefined) throw new UsageError('whose login? --user NAME')
  const password =
    passwordFile === undefined ? undefined : await readPassword(call, { file: passwordFile, confirm: false })
  const found = await withApi(call, (api: Api) =>
    api.send<DiagnosisWire>('POST', '/control/diagnose', { source, username, password }),
  )
  return { data: found, text: describe(found, password !== undefined), ok: found.verdict.ok }
}

function describe({ steps, milliseconds, verdict }: DiagnosisWire, proven: boolean): string {
  const lines = steps.flatMap(({ step, ok, detail, milliseconds: time }) => [
    `${ok ? 'ok    ' : 'FAULT '} ${timed(time)}  ${printable(step)}`,
    `${' '.repeat(20)}${printable(detail)}`,
  ])
  return [...lines, '', `Took ${timed(milliseconds).trim()}.`, '', verdictOf(verdict, proven)].join('\n')
}

function verdictOf(verdict: DiagnosisWire['verdict'], proven: boolean): string {
  if (!verdict.ok)
    return `Refused: ${verdict.why}${verdict.detail === undefined ? '' : ` (${printable(verdict.detail)})`}`
  const { externalId, username, email, displayName, groups, claims } = verdict.identity
  return fields([
    [proven ? 'logs in as' : 'would be', username],
    ['external id', externalId],
    ['email', email ?? '-'],
    ['name', displayName ?? '-'],
    ['groups', groups.join(', ') || '-'],
    ['claims', claims === undefined ? '-' : JSON.stringify(claims)],
  ])
}

function timed(milliseconds: number): string {
  return `${milliseconds.toFixed(1)} ms`.padStart(11)
}
