/** Mail as the domain sees it. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Takes a mail and delivers it as soon as it can; one that is not out by `expiresAt` is dropped. Never fails for the caller. */
export interface Mailer {
  send(mail: Mail, expiresAt: number): Promise<void>
}

/** Hands one mail to a mail server. Throws when it is not taken. */
export type Deliver = (mail: Mail) => Promise<void>
