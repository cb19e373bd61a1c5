/** Runs each spec in a process of its own: specs leave metadata and containers behind. */
import { fork } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const specProcess = fileURLToPath(new URL('./spec-process.cjs', import.meta.url));
const longest = 120_000;

/** @returns by the name of each test, its failure, or `undefined` where it passed */
export async function runSuite(compiled, options) {
  const results = new Map();
  for (const spec of compiled.specs())
    for (const { title, failure } of await runSpec(spec, { ...options, folder: compiled.folder }))
      results.set(nameOnce(results, `${basename(spec, '.spec.js')}: ${title}`), failure);
  return results;
}

// Two tests of one file may have one title.
function nameOnce(results, name, count = 1) {
  const full = count === 1 ? name : `${name} (${count})`;
  return results.has(full) ? nameOnce(results, name, count + 1) : full;
}

function runSpec(spec, options) {
  const child = fork(specProcess, [spec, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => output.push(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), longest);
  return new Promise(resolve => {
    let results;
    child.once('message', message => (results = message));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve(results ?? [{ title: 'the whole file', failure: `Ended with ${code ?? signal}: ${output.join('')}` }]);
    });
  });
}
