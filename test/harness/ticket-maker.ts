/**
 * A client without curl: `ticket-maker.ts SERVICE COUNT` writes so many tokens in base64, a line each, made from the tickets
 * that its environment names. Its own process, because C reads the environment that a process was started with.
 */
import { openGss } from '../../plugins/login/kerberos/gssapi.ts'

const [service = '', count = '1'] = process.argv.slice(2)
const gss = openGss()
const credential = gss.initiator(process.env['KRB5CCNAME'] ?? '')
for (let made = 0; made < Number(count); made++)
  process.stdout.write(`${Buffer.from(gss.initiate(credential, service)).toString('base64')}\n`)
