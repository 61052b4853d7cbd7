/** A hostile plugin in TypeScript. None of it does harm outside the folders of the test if it is let through. */
import { dlopen } from 'bun:ffi'
import { chmodSync, readdirSync, readFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { createSocket } from 'node:dgram'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { defineLoginSource } from 'leveret/plugin'

function tcp(options: { readonly host: string; readonly port: number } | { readonly path: string }): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(options, () => resolve('connected'))
  socket.on('error', reject)
  return promise
}

/** The C library, called without anything in between. */
function library() {
  return dlopen('libc.so.6', {
    fork: { args: [], returns: 'i32' },
    umount: { args: ['ptr'], returns: 'i32' },
  }).symbols
}

/** What the user name asks for; the answer is what came of it. */
function attacks(dataDir: string, port: number, outside: string): Readonly<Record<string, () => unknown>> {
  const database = join(dataDir, 'leveret.db')
  return {
    'read the database': () => readFileSync(database, 'latin1'),
    'read the master key': () => readFileSync(join(dataDir, 'master.key'), 'latin1'),
    'read the database by another way': () => readFileSync(`/proc/self/root${database}`, 'latin1'),
    'list the data folder': () => readdirSync(dataDir).join(),
    'read the list of users': () => readFileSync('/etc/passwd', 'latin1'),
    'read the environment of the server': () => readFileSync(`/proc/${process.ppid}/environ`, 'latin1'),
    'read the memory of the server': () => readFileSync(`/proc/${process.ppid}/mem`, 'latin1'),
    'write to the database': () => writeFileSync(database, 'x', { flag: 'a' }),
    'empty the database': () => truncateSync(database),
    'delete the database': () => unlinkSync(database),
    'rename the database': () => renameSync(database, `${database}.old`),
    'open the master key to everybody': () => chmodSync(join(dataDir, 'master.key'), 0o777),
    'write outside': () => writeFileSync(join(outside, 'left-here'), 'x'),
    'write beside itself': () => writeFileSync(join(import.meta.dir, 'left-here'), 'x'),
    'dial out': () => tcp({ host: '127.0.0.1', port }),
    'dial out by fetch': () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text()),
    'open the control socket': () => tcp({ path: join(dataDir, 'control.sock') }),
    'take connections': () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      createServer()
        .on('error', reject)
        .listen(0, '127.0.0.1', () => resolve('listens'))
      return promise
    },
    'send a datagram': () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      const socket = createSocket('udp4').on('error', reject)
      socket.send('x', port, '127.0.0.1', (error) => (error ? reject(error) : resolve('sent')))
      return promise
    },
    'signal the server': () => process.kill(process.ppid, 0),
    'see a variable': () => JSON.stringify(process.env),
    'execute a shell': () => Bun.spawnSync(['/bin/sh', '-c', 'echo out']).stdout.toString(),
    'execute itself': () => Bun.spawnSync([process.execPath, '--version']).stdout.toString(),
    'call fork': () => library().fork(),
    'call umount': () => library().umount(null),
    'read the database in a thread': () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      const code = `postMessage(await import('node:fs').then((fs) => fs.readFileSync(${JSON.stringify(database)}, 'latin1')).catch(String))`
      const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
      worker.addEventListener('message', ({ data }) =>
        /EACCES/.test(String(data)) ? reject(new Error(String(data))) : resolve(String(data)),
      )
      worker.addEventListener('error', ({ message }) => resolve(`EACCES perhaps: ${message}`))
      return promise
    },
  }
}

export default defineLoginSource({
  type: 'hostile',
  config: Type.Object({ port: Type.Integer(), outside: Type.String(), file: Type.Optional(Type.String()) }),
  open: async ({ port, outside, file = '' }, { dataDir }) => ({
    password: {
      async verify({ username }) {
        const more = { 'read what it may': () => readFileSync(join(dataDir, file), 'latin1') }
        const attack = { ...attacks(dataDir, port, outside), ...more }[username]
        const detail = await Promise.try(attack ?? (() => 'no such attack')).then(
          (result) => `did: ${String(result)}`,
          (error: unknown) => `refused: ${String(error)}`,
        )
        return { ok: false, why: 'locked', detail: detail.slice(0, 200).replaceAll('\n', ' ') }
      },
    },
    async [Symbol.asyncDispose]() {},
  }),
})
