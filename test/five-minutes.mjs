/**
 * Follows the README's "Five minutes" to the letter: `npm run five-minutes`, or with a page as its argument the whole page:
 * `npm run tutorial`. In an empty folder, with an empty home, an empty npm cache, and a PATH with Node, npm, curl and a shell alone, it runs the commands, writes the files,
 * and calls the API with the curl lines, whose comments say what must come. Only the package itself is the packed tarball,
 * and the port another one where 3000 is taken.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { emptyFolder, newcomersEnvironment, packInto, root } from './packed.mjs';

const [page = 'README.md'] = process.argv.slice(2);
const folder = emptyFolder('five-minutes');
const app = join(folder, 'app');
mkdirSync(app);
const tarball = await packInto(folder);
const environment = await newcomersEnvironment(folder, { only: true });
const port = await freePort();
const servers = [];
let checked = 0;

try {
  for (const step of stepsOf(readFileSync(join(root, page), 'utf8'))) await follow(step);
  if (checked === 0) throw new Error(`${page} calls the API nowhere: no curl line was found.`);
  console.log(`${page} ends in a running API: ${checked} passed, 0 failed`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  for (const server of servers) process.kill(-server.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** The fenced blocks of the section, or of the page; the paragraph before a file names it last. */
function stepsOf(text) {
  const [, section = text] = /^## Five minutes\n([^]*?)^## /m.exec(text) ?? [];
  const blocks = [...section.matchAll(/([^\n]*)\n\n```(\w+)\n([^]*?)^```$/gm)];
  return blocks.map(([, before, language, text]) =>
    language === 'sh' ? { lines: text.trim().split('\n') } : { file: nameIn(before), text },
  );
}

function nameIn(paragraph) {
  const [, name] = [...paragraph.matchAll(/`([\w.]+\.(?:ts|json))`/g)].at(-1) ?? [];
  if (name === undefined) throw new Error(`${page} names no file before a block: "${paragraph}".`);
  return name;
}

async function follow({ file, text, lines = [] }) {
  if (file !== undefined) writeFileSync(join(app, file), withPort(text));
  for (const line of lines)
    await type(withPort(line.replace(/(install) axioms-routing-controllers\b/, `$1 ${tarball}`)));
}

async function type(line) {
  console.log(`$ ${line}`);
  if (/^(?:\w+=\S+ )*node \w+\.js$/.test(line)) return startServer(line);
  const { code, output } = await shell(line);
  if (code !== 0) throw new Error(`This failed (${code}): ${line}\n${output}`);
  const [, expected] = /# (\d.*)$/.exec(line) ?? [];
  if (expected !== undefined) check(line, expected, output);
}

/** Of "403 without the scope: … error="…", … scope="…"" the status, and every text between commas that has a quote. */
function check(line, expected, output) {
  const [, status, rest] = /^(\d+)(.*)$/.exec(expected);
  const texts = rest.split(/, |… /).filter(text => text.includes('"'));
  const missing = texts.filter(text => !output.includes(text));
  if (!output.includes(`HTTP/1.1 ${status} `) || missing.length > 0)
    throw new Error(`Expected ${[status, ...missing].join(' and ')} of: ${line}\n${output}`);
  checked += 1;
}

async function shell(line) {
  const child = spawn('bash', ['-c', line], { cwd: app, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = outputOf(child);
  const [code] = await once(child, 'close');
  return { code, output: output.text };
}

/** What the reader pastes is in the environment of all that follows. A server that ran before is stopped, as the text says. */
async function startServer(line) {
  for (const { pid } of servers.splice(0)) process.kill(-pid, 'SIGKILL');
  const child = spawn('bash', ['-c', line], { cwd: app, env: environment, detached: true });
  servers.push(child);
  const output = outputOf(child);
  const isReady = /try\.js$/.test(line) ? () => /^TOKEN=\S+$/m.test(output.text) : isAccepting;
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`This ended: ${line}\n${output.text}`);
    await pause(100);
  }
  for (const [, name, token] of output.text.matchAll(/^([A-Z]+)=(\S+)$/gm)) environment[name] = token;
}

async function isAccepting() {
  return (await fetch(`http://localhost:${port}/`).catch(() => undefined)) !== undefined;
}

function outputOf(child) {
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output.text += chunk));
  return output;
}

function withPort(text) {
  return text.replaceAll('3000', String(port));
}

async function freePort() {
  for (const wanted of [3000, 0]) {
    const server = createServer().listen(wanted);
    const [error] = await Promise.race([once(server, 'listening'), once(server, 'error')]);
    if (error !== undefined) continue;
    const { port: found } = server.address();
    server.close();
    return found;
  }
}
