/**
 * What each contestant answers to tokens that nobody should accept, and while the issuer is away: `npm run bench:refusals`
 * writes bench/REFUSALS.md. The tokens are `forgedTokens` of the test kit. Each contestant is asked in a process of its
 * own, with the settings of `contestants.mjs`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { contestants, isPeer } from './contestants.mjs';
import { install } from './install.mjs';

const introduction = `# Refusals

Written by \`npm run bench:refusals\`. Each contestant guards the same route, configured as in \`contestants.mjs\`: issuer,
audience and algorithms are given, nothing else. *Accepts* counts the tokens of the test kit's \`forgedTokens\` that get an
answer below 400. The list is this library's own, and what it counts as forged is stricter than some of the others claim to
be. Most of them can be configured, or extended by code, to refuse more. *During an outage* is the status for a good token
while the issuer answers 500 and no key has been fetched before; aws-jwt-verify is given its keys.
`;

const asked = Object.keys(contestants).filter(name => name === 'ours' || isPeer(name));
const [, script, contestant] = process.argv;
if (contestant === undefined) await measureAll();
else console.log(JSON.stringify(await answersOf(contestant)));

async function measureAll() {
  install();
  const rows = [];
  for (const name of asked) rows.push([name, await inItsOwnProcess(name)]);
  writeFileSync(fileURLToPath(new URL('REFUSALS.md', import.meta.url)), pageOf(rows));
  console.table(
    Object.fromEntries(rows.map(([name, { accepted, outage }]) => [name, { accepted: accepted.length, outage }])),
  );
}

async function inItsOwnProcess(name) {
  const child = spawn(process.execPath, [script, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', chunk => (output += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return JSON.parse(output.trim().split('\n').at(-1));
}

async function answersOf(name) {
  const { TestIssuer, forgedTokens } = (await import('../dist/src/testing/index.js')).default;
  const issuer = await new TestIssuer({ alg: 'RS256', audience: 'https://api.example.com' }).listen();
  const { status, close } = await serve(name, issuer);
  if ((await status(issuer.token())) !== 200) throw new Error(`${name} refuses a good token`);
  const accepted = [];
  const all = Object.keys(forgedTokens);
  for (const forged of all) if ((await status(issuer.forge(forged))) < 400) accepted.push(forged);
  close();
  const outage = await duringAnOutage(name, issuer);
  setImmediate(() => process.exit());
  return { accepted, asked: all.length, outage };
}

/** A good token at a server that has not seen the issuer's keys yet. */
async function duringAnOutage(name, issuer) {
  // Its keys are given to it, so that it asks nobody.
  if (name === 'aws-jwt-verify') return '–';
  issuer.outage({ is: 'status', status: 500 });
  const { status, close } = await serve(name, issuer);
  const seen = await status(issuer.token());
  close();
  return seen;
}

async function serve(name, issuer) {
  const { url, jwksUrl } = { url: issuer.url, jwksUrl: issuer.endpoints.jwksUrl };
  const app = await contestants[name]({ url, jwksUrl, settings: issuer.settings() });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const place = `http://127.0.0.1:${server.address().port}/books`;
  const status = async token => {
    const answer = await fetch(place, { headers: { Authorization: `Bearer ${token}` } });
    await answer.text();
    return answer.status;
  };
  return { status, close: () => server.close() };
}

function pageOf(rows) {
  const cells = rows.map(([name, { accepted, asked: of, outage }]) => {
    const names = accepted.map(forged => `\`${forged}\``).join(', ') || '–';
    return `| ${name} | ${accepted.length} of ${of} | ${outage} | ${names} |`;
  });
  return `${introduction}\n| | accepts | during an outage | forged tokens that it accepts |\n| --- | --: | --: | --- |\n${cells.join('\n')}\n`;
}
