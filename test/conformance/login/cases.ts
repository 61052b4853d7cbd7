/** Every case of the login kit. */
import { accounts } from './accounts.ts'
import type { LoginCase } from './case.ts'
import { keeping } from './keeping.ts'
import { lifecycle } from './lifecycle.ts'
import { lookingUp } from './looking-up.ts'
import { names } from './names.ts'
import { negotiating } from './negotiating.ts'
import { passwords } from './passwords.ts'
import { redirecting } from './redirecting.ts'
import { refreshing } from './refreshing.ts'
import { secrecy } from './secrecy.ts'
import { trouble } from './trouble.ts'

export const loginCases: readonly LoginCase[] = [
  ...lifecycle,
  ...passwords,
  ...names,
  ...accounts,
  ...refreshing,
  ...lookingUp,
  ...keeping,
  ...redirecting,
  ...negotiating,
  ...trouble,
  ...secrecy,
]
