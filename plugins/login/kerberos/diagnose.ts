/** The way of a login step by step, for `leveret doctor`. */
import type { Diagnosis, Verdict } from '#plugin'
import type { Judge } from './principals.ts'
import type { Proof } from './protocol.ts'

export interface Steps {
  readonly keytab: () => Promise<Proof>
  /** What a name is asked for as; nothing when it can be of none of the realms. */
  readonly principal: (username: string) => string | undefined
  readonly check: (principal: string, password: string, signal: AbortSignal) => Promise<Proof>
  /** A name that no realm knows. */
  readonly nobody: string
  readonly judge: Judge
}

export async function diagnose(steps: Steps, { username, password, signal, report }: Diagnosis): Promise<Verdict> {
  const told = (step: string, proof: Proof, good: string): Proof => {
    report({ step, ok: proof.ok, detail: proof.ok ? good : proof.detail })
    return proof
  }
  const keytab = told('use the keytab', await steps.keytab(), 'it can be read and holds keys')
  if (!keytab.ok) return keytab

  const principal = steps.principal(username)
  report({ step: 'name', ok: principal !== undefined, detail: principal ?? 'of none of the realms' })
  if (principal === undefined) return { ok: false, why: 'credentials' }

  if (password === undefined) {
    const answer = await steps.check(steps.nobody, 'none', signal)
    const answers = !answer.ok && answer.why === 'credentials'
    report({ step: 'ask the realm', ok: answers, detail: answer.ok ? '' : answer.detail })
    const detail = answers ? 'who somebody is shows with the password only: give it' : 'the realm cannot be asked'
    return { ok: false, why: 'unavailable', detail }
  }
  const what = 'get a ticket for the password and open it with the keytab'
  const proof = told(what, await steps.check(principal, password, signal), 'it is right')
  if (!proof.ok) return proof
  const verdict = steps.judge(proof.proven, 'pwd')
  const who = verdict.ok ? `${verdict.identity.username}, ${verdict.identity.externalId}` : (verdict.detail ?? '')
  report({ step: 'apply the rules', ok: verdict.ok, detail: who })
  for (const sid of proof.proven.logon?.groups ?? []) report({ step: 'group of the domain', ok: true, detail: sid })
  return verdict
}
