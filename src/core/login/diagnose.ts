/** Going the way of a login step by step, for the operator: nothing is counted, made or changed here. */
import type { DiagnosticStep, Verdict } from '#plugin'
import { Problem } from '../problem.ts'
import { type AskDeps, answerInTime } from './ask.ts'
import type { ConfiguredSource } from './login.ts'

export interface DiagnosisRequest {
  readonly source: string
  readonly username: string
  readonly password?: string
  /** Called when a step is over. */
  readonly report: (step: DiagnosticStep) => void
}
export type DiagnoseLogin = (request: DiagnosisRequest) => Promise<Verdict>

export function createDiagnosis(
  deps: Omit<AskDeps, 'circuits'> & { readonly sources: () => readonly ConfiguredSource[] },
): DiagnoseLogin {
  return async ({ source: id, username, password, report }) => {
    const configured = deps.sources().find((each) => each.id === id)
    const able = deps.sources().filter(({ source }) => source.diagnose)
    const diagnose = configured?.source.diagnose
    if (!diagnose) {
      const others = able.length === 0 ? 'none is' : `these are: ${able.map((each) => each.id).join(', ')}`
      const fault = configured ? 'is none that can be gone through step by step' : 'is not configured'
      throw new Problem('invalid_request', `Login source "${id}" ${fault}; ${others}`)
    }
    const asked = { username, ...(password !== undefined && { password }), report }
    // Asked even while logins leave it in peace: the operator wants to see why.
    return (await answerInTime(deps, (signal) => diagnose({ ...asked, signal }))).verdict
  }
}
