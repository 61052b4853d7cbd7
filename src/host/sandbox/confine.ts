/** Whether the kernel can keep a plugin to its permissions, and what is done if it cannot. */
import type { Permissions } from '../manifest.ts'
import { PluginError } from '../plugin-error.ts'
import { selfCommand } from '../self.ts'
import { landlockVersion, VERSION_OF_TCP } from './landlock.ts'
import { SANDBOX_COMMAND } from './launcher.ts'
import type { Policy } from './policy.ts'
import { processor } from './system-calls.ts'

/** `require`: no start without it. `auto`: a warning without it. `off`: none. */
export type SandboxMode = 'require' | 'auto' | 'off'

/** Enforced, or why not. */
export type Sandbox = { readonly enforced: true } | { readonly enforced: false; readonly why: string }

/** What this kernel makes of these permissions. Throws a `PluginError` if the sandbox is required and cannot be had. */
export function sandboxFor(path: string, mode: SandboxMode, permissions: Permissions): Sandbox {
  if (mode === 'off') return { enforced: false, why: 'it is switched off' }
  const why = lacking(permissions)
  if (why === undefined) return { enforced: true }
  if (mode === 'auto') return { enforced: false, why }
  throw new PluginError('sandbox', path, `its sandbox is required and cannot be enforced: ${why}`)
}

function lacking({ net }: Permissions): string | undefined {
  if (process.platform !== 'linux')
    return `this is ${process.platform}, and the sandbox is made of Landlock and seccomp of Linux`
  try {
    processor()
  } catch {
    return `this is a processor of the kind ${process.arch}, whose system calls are not known`
  }
  const version = landlockVersion()
  if (version === 0)
    return 'the kernel has no Landlock (Linux 5.13 or later, with "landlock" in its list of security modules)'
  // Without any permission to connect there is no socket, whatever Landlock can do.
  if (version >= VERSION_OF_TCP || net.length === 0) return undefined
  return `Landlock here (version ${version}) cannot restrict TCP ports, which takes version ${VERSION_OF_TCP} (Linux 6.7)`
}

/** The command that starts the same inside. */
export function confined(policy: Policy, command: readonly string[]): string[] {
  return selfCommand(SANDBOX_COMMAND, JSON.stringify(policy), ...command)
}
