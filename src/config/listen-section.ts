/** Where the server listens, and how many processes do. */
import { Type as t } from '@sinclair/typebox'
import { path, section } from './shapes.ts'

export const Listen = section('Where the server listens.', {
  tcp: t.Boolean({ default: true, description: 'Listen on `host` and `port`. With `false` only on the unix socket.' }),
  host: t.String({
    default: '127.0.0.1',
    minLength: 1,
    description: 'Address to bind; `0.0.0.0` or `::` for every interface.',
  }),
  port: t.Integer({ default: 8080, minimum: 0, maximum: 65535, description: 'Port to bind; 0 picks a free one.' }),
  unix: t.Optional(path({ description: 'Path of a unix socket to listen on as well.' })),
  reusePort: t.Boolean({ default: false, description: 'Let several servers of this machine share the port.' }),
  processes: t.Union([t.Integer({ minimum: 1, maximum: 256 }), t.Literal('auto')], {
    default: 1,
    shape: 'integer or "auto"',
    expect: 'a whole number of at least 1, or "auto"',
    description:
      'How many processes this server has, each good for one processor and about 80 MB; `auto` is one for each processor. ' +
      'More than one on Linux only.',
  }),
})
