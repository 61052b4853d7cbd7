/** Writes many log lines of its own letter to the standard error that it shares, more at once than a pipe takes in one piece. */
import { writeWholeLines } from '../../src/processes/whole-lines.ts'

const [letter = '?'] = process.argv.slice(2)
const line = `${JSON.stringify({ text: letter.repeat(300) })}\n`
for (let count = 0; count < 100; count++) {
  writeWholeLines(line.repeat(100))
  await new Promise(setImmediate)
}
