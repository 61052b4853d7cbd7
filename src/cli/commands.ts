/** Every command there is. */
import { broker } from './broker.ts'
import type { CommandGroup } from './command.ts'
import { completionCommand } from './completion.ts'
import { config } from './config.ts'
import { doctor } from './doctor.ts'
import { groupCommands } from './group.ts'
import { init } from './init.ts'
import { key } from './key.ts'
import { clientCommands } from './oauth-client.ts'
import { backup, healthcheck } from './operations.ts'
import { plugin } from './plugin.ts'
import { rule } from './rule.ts'
import { serve } from './serve.ts'
import { token } from './token.ts'
import { user } from './user.ts'

export const root: CommandGroup = {
  name: 'leveret',
  summary: 'authenticates people and services and issues tokens that RabbitMQ takes as they are',
  about: `Commands that manage data speak to the running server over the control socket in its data folder; when none runs, they
    open the storage themselves. Either way it takes no password, only the right to read that folder.`,
  commands: [
    init,
    serve,
    config,
    user,
    groupCommands,
    rule,
    broker,
    clientCommands,
    token,
    key,
    plugin,
    doctor,
    backup,
    healthcheck,
    completionCommand(() => root),
  ],
}
