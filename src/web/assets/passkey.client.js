// Passkeys: asks the server for options, the browser for an answer, and sends the answer with the form around the button.
// <button data-passkey="get" or "create" data-options="/url">: the answer goes into the form's field `passkey`.
for (const button of document.querySelectorAll('button[data-passkey]')) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) continue
  const form = button.form
  const failure = form.querySelector('[data-passkey-failure]')
  button.hidden = false
  form.querySelector('[data-passkey-missing]')?.remove()
  button.addEventListener('click', async () => {
    button.disabled = true
    failure.hidden = true
    try {
      form.elements.passkey.value = JSON.stringify(await answer(form, button.dataset))
      form.noValidate = true
      form.submit()
    } catch {
      failure.hidden = false
      button.disabled = false
      button.focus()
    }
  })
}

async function answer(form, { passkey: kind, options }) {
  const fields = new FormData(form)
  fields.delete('password')
  fields.delete('passkey')
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  const response = await fetch(options, { method: 'POST', body: new URLSearchParams(fields), headers })
  if (!response.ok) throw new Error(`options: ${response.status}`)
  const asked = await response.json()
  const credential =
    kind === 'create'
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) })
  return credential.toJSON()
}
