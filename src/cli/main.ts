#!/usr/bin/env node
/** The command `axioms`. */
import { text } from 'node:stream/consumers';
import { globalTimers } from '../core/time/timers';
import { runCommandLine } from './command-line';

// If the import of the app never settles, the process ends by itself, and must not report success.
process.exitCode = 2;

void runCommandLine(process.argv.slice(2), {
  env: process.env,
  isTTY: process.stdout.isTTY,
  isErrorTTY: process.stderr.isTTY,
  timers: globalTimers,
  readInput: () => text(process.stdin),
  write: said => process.stdout.write(said),
  writeError: said => process.stderr.write(said),
}).then(exitCode => {
  // Exits after everything is written, even if the app has left something open.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
});
