/** What reading a ticket costs by itself: `accept-tickets.ts KEYTAB FILE` prints tickets per second, the first time each is seen. */
import { openGss } from '../../plugins/login/kerberos/gssapi.ts'

const [keytab = '', file = ''] = process.argv.slice(2)
const lines = (await Bun.file(file).text()).trim().split('\n')
const tokens = lines.map((line) => Buffer.from(line.replace('Negotiate ', ''), 'base64'))
const gss = openGss()
const acceptor = gss.acceptor(keytab, `file2:${file}.replay`)
const start = performance.now()
for (const token of tokens) gss.accept(acceptor, token)
process.stdout.write(String(tokens.length / ((performance.now() - start) / 1000)))
