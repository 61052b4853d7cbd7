/** What the mail with a code says. No link in it: nothing to click means nothing to fake. */

const TEXTS = {
  en: {
    subject: 'Your code: {code}',
    text: `Your code is

    {code}

It works once and for {minutes} minutes. If you did not ask for it, somebody knows your password: change it.
Never tell this code to anybody, not even to us.
`,
  },
  de: {
    subject: 'Ihr Code: {code}',
    text: `Ihr Code lautet

    {code}

Er gilt einmal und {minutes} Minuten lang. Wenn Sie ihn nicht angefordert haben, kennt jemand Ihr Passwort: ändern Sie es.
Sagen Sie diesen Code niemandem, auch uns nicht.
`,
  },
} as const

/** In the language of the user's `locale` claim. */
export function codeMail(code: string, minutes: number, locale: unknown): { subject: string; text: string } {
  const german = typeof locale === 'string' && /^de\b/i.test(locale)
  const { subject, text } = TEXTS[german ? 'de' : 'en']
  const filled = (words: string) => words.replace('{code}', code).replace('{minutes}', String(minutes))
  return { subject: filled(subject), text: filled(text) }
}
