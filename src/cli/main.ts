#!/usr/bin/env node
/** The command `axioms`. */
import { text } from 'node:stream/consumers';
import { runCommandLine } from './command-line';

// Where the app that is imported never settles, the process ends by itself, and must not look as if all were well.
process.exitCode = 2;

void runCommandLine(process.argv.slice(2), {
  env: process.env,
  isTTY: process.stdout.isTTY,
  readInput: () => text(process.stdin),
  write: said => process.stdout.write(said),
  writeError: said => process.stderr.write(said),
}).then(exitCode => {
  // Not before everything is written; and at once, whatever the app has left open.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
});
