import type { Body } from '../frame.ts'
import { formTargets } from '../policy.ts'
import type { Texts } from '../texts/en.ts'
import type { FormPostView } from '../view.ts'

/** A form that leads away: a script sends it, the button is for browsers without. No field may be called `submit`. */
export function FormAway(props: { action: string; fields: Readonly<Record<string, string>>; submit: string }) {
  const { action, fields, submit } = props
  return (
    <form method="post" action={action} data-submit>
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" class="primary">
        {submit}
      </button>
    </form>
  )
}

export function formPostPage({ action, fields }: FormPostView, { formPost }: Texts): Body {
  return {
    title: formPost.title,
    scripts: ['form-post.js'],
    formTargets: formTargets(action),
    content: (
      <>
        <h1>{formPost.title}</h1>
        <p class="lead">{formPost.text}</p>
        <FormAway action={action} fields={fields} submit={formPost.submit} />
      </>
    ),
  }
}
