/** The local source keeps the login contract. */
import { Value } from '@sinclair/typebox/value'
import local from '../../plugins/login/local/index.ts'
import { loginConformance } from '../conformance/login-source.ts'

/** Cheap hashes, and everybody may wait: the kit asks two hundred times at once. */
const config = { memoryKib: 8_192, iterations: 1, maxWaiting: 10_000 }

loginConformance('local', {
  open: (context) => local.open(Value.Parse(local.config, config), context),
  accounts: {
    right: { username: 'anna', password: 'Correct horse battery', externalId: 'p-1', groups: [] },
    other: { username: 'bert', password: 'another staple', externalId: 'p-2', groups: [] },
    lonely: { username: 'caro', password: 'lonely staple', externalId: 'p-3', groups: [] },
    foreign: { username: 'jürgen', password: 'pässwörd 秘密', externalId: 'p-4', groups: [] },
  },
  offers: ['passwordChange'],
  without: {
    crowded: 'it owns no groups',
    leaveGroups: 'it owns no groups',
    refused: 'who may log in is known to the host alone',
    disable: 'who may log in is known to the host alone',
    faults: 'there is nothing behind it that could break',
  },
  plugin: { plugin: local, config },
})
