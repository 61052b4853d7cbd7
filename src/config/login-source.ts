/** A login source as the host sees it; keys beyond these are the plugin's own. */
import { Type as t } from '@sinclair/typebox'
import { duration } from './shapes.ts'

const ID_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$'

export const LoginSource = t.Object(
  {
    type: t.String({ minLength: 1, description: 'Login source plugin, such as `local`.' }),
    id: t.String({
      pattern: ID_PATTERN,
      expect: 'lower-case letters, digits and hyphens',
      description: 'Name of this source in user records; never change it. Default: the type.',
    }),
    label: t.Optional(
      t.String({
        minLength: 1,
        maxLength: 60,
        description: 'What the button of a source is called that logs people in elsewhere. Default: its id.',
      }),
    ),
    provision: t.Boolean({
      default: true,
      description: 'Create a user at the first login of somebody the source knows.',
    }),
    lookup: t.Optional(
      t.String({
        pattern: ID_PATTERN,
        expect: 'the id of another login source',
        description:
          'Another source that knows groups, mail and name of the people of this one, by their user name; whom it does not know is not let in.',
      }),
    ),
    resync: t.Optional(
      duration({
        description:
          'How often all users of this source are asked for again: who is gone is disabled, groups follow. Without it only at logins and when tokens are exchanged.',
      }),
    ),
  },
  {
    additionalProperties: true,
    description:
      'Where people prove who they are, in the order they are asked. Keys beyond these are those of the plugin.',
    expect: 'a table',
  },
)
