/** Another process for the kit: opens the store, says `ready`, answers each line of calls with a line of answers. */
import type { Storage } from '#plugin'
import { kit } from './collections.ts'
import { type Answer, type Call, named, offTheWire } from './elsewhere.ts'

const [module = '', argument = ''] = process.argv.slice(2)
const { open } = (await import(module)) as { open: (argument: string) => Promise<Storage> }
await using storage = await open(argument)
await storage.migrate(kit)
process.stdout.write('ready\n')
for await (const line of console) {
  const answers = await Promise.all((JSON.parse(line) as Call[]).map((call) => answer(call)))
  process.stdout.write(`${JSON.stringify(answers)}\n`)
}

async function answer(call: Call): Promise<Answer> {
  try {
    if ('commit' in call) return { commit: await storage.commit(offTheWire(call.commit)) }
    if ('increment' in call) return { counter: await storage.increment(named(call.increment), call.key, call.by) }
    return { removed: await storage.deleteExpired(named(call.deleteExpired), call.now, call.limit) }
  } catch (error) {
    return { error: String(error) }
  }
}
