import type { Body } from '../frame.ts'
import { formTargets } from '../policy.ts'
import type { Texts } from '../texts/en.ts'
import type { FormPostView } from '../view.ts'

/** The script sends the form; the button is for browsers without. No field is called `submit`, which would hide the method. */
export function formPostPage({ action, fields }: FormPostView, { formPost }: Texts): Body {
  return {
    title: formPost.title,
    scripts: ['form-post.js'],
    formTargets: formTargets(action),
    content: (
      <>
        <h1>{formPost.title}</h1>
        <p class="lead">{formPost.text}</p>
        <form method="post" action={action} data-submit>
          {Object.entries(fields).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          <button type="submit" class="primary">
            {formPost.submit}
          </button>
        </form>
      </>
    ),
  }
}
