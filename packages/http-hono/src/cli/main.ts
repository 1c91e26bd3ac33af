#!/usr/bin/env node
import { hasCode } from './command-error.ts'
import { runCommandLine } from './command-line.ts'

// Who reads may have enough, as `head` has. That is no fault, and what was begun goes on to its end.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error) => {
    if (!hasCode(error, 'EPIPE')) throw error
  })
}

process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  folder: process.cwd(),
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY && { redraw: (line: string) => process.stderr.write(`\r\u001b[K${line}`) }),
})
// Whatever still holds the process open after the command is done must not keep a supervisor waiting.
setTimeout(() => process.exit(), 2000).unref()
