import type { Body } from '../frame.ts'
import type { Texts } from '../texts/en.ts'
import type { RefusalView } from '../view.ts'

/** Codes that are told in the words of another. */
const SAME: Readonly<Record<string, string>> = {
  invalid_client: 'unknown_client',
  unauthorized_client: 'other',
  server_error: 'internal',
  temporarily_unavailable: 'unavailable',
  method_not_allowed: 'not_found',
  no_rule: 'forbidden',
  vhost_not_allowed: 'forbidden',
}
const NO_SENTENCE: readonly string[] = ['title', 'details', 'requestId', 'back']

export function refusalPage({ code, detail, requestId, backUrl }: RefusalView, { refusal }: Texts): Body {
  return {
    title: refusal.title,
    content: (
      <>
        <h1>{refusal.title}</h1>
        <p class="lead" role="alert">
          {sentenceFor(code, refusal)}
        </p>
        {backUrl !== undefined && (
          <a class="button primary" href={backUrl}>
            {refusal.back}
          </a>
        )}
        <details>
          <summary>{refusal.details}</summary>
          <p>
            <code>{code}</code> {detail}
          </p>
          {requestId !== undefined && (
            <p>
              {refusal.requestId} <code>{requestId}</code>
            </p>
          )}
        </details>
      </>
    ),
  }
}

function sentenceFor(code: string, refusal: Texts['refusal']): string {
  const name = SAME[code] ?? code
  const known = Object.hasOwn(refusal, name) && !NO_SENTENCE.includes(name)
  return known ? refusal[name as keyof typeof refusal] : refusal.other
}
