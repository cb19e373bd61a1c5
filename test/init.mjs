/**
 * Runs `axioms init` as a newcomer would: `npm run init-app`. In an empty folder, with an empty home, an empty npm cache, and
 * a PATH with Node, npm and a shell alone, it installs the packed package, runs the command, and then the two commands
 * that it prints. The app must answer 401 with a challenge.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { emptyFolder, newcomersEnvironment, packInto } from './packed.mjs';

const folder = emptyFolder('init');
const app = join(folder, 'app');
mkdirSync(app);
try {
  const tarball = await packInto(folder);
  const env = { ...(await newcomersEnvironment(folder, { only: true })), PORT: '3900' };
  await run(`npm install ${tarball}`, env);
  const printed = await run('npx axioms init', env);
  const [start, test, ...others] = printed
    .trim()
    .split('\n')
    .map(line => line.replace(/\s*#.*/, ''));
  if (test === undefined || others.length > 0) throw new Error(`Expected two commands:\n${printed}`);
  await run(start.replace('npm start', 'true'), env);
  await run(test, env);
  await answers(start, env);
  console.log('axioms init ends in a tested API: 3 passed, 0 failed');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(command, env) {
  console.log(`$ ${command}`);
  const child = spawn('bash', ['-c', command], { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = outputOf(child);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`This failed (${code}): ${command}\n${output.text}`);
  return output.text;
}

async function answers(command, env) {
  console.log(`$ ${command}`);
  const child = spawn('bash', ['-c', command], { cwd: app, env, detached: true });
  const output = outputOf(child);
  try {
    for (let tries = 0; tries < 300; tries++) {
      const answer = await fetch('http://localhost:3900/notes').catch(() => undefined);
      if (answer !== undefined) return requireChallenge(answer);
      if (child.exitCode !== null) break;
      await pause(200);
    }
    throw new Error(`The app does not answer:\n${output.text}`);
  } finally {
    process.kill(-child.pid, 'SIGKILL');
  }
}

function requireChallenge({ status, headers }) {
  const challenge = headers.get('WWW-Authenticate');
  if (status !== 401 || challenge !== 'Bearer realm="api", scope="note:read"')
    throw new Error(`Expected 401 with a challenge: ${status} ${challenge}`);
}

function outputOf(child) {
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output.text += chunk));
  return output;
}
