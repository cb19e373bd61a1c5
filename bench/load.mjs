/** The process that asks: node load.mjs <pool file>. Each burst is a number of requests with the tokens that it wants. */
import { serve } from './child.mjs';
import { Connection } from './connection.mjs';
import { readPool } from './tokens.mjs';

const connections = 16;
const pool = await readPool(process.argv[2]);
const positions = new Map();

/** A distinct token for each request of a server's process, or the first one again and again. */
function tokenSource({ url, alg, kind }) {
  const tokens = pool[alg];
  if (kind === 'repeated') return () => tokens[0];
  const place = `${url} ${alg}`;
  return () => {
    const position = (positions.get(place) ?? 0) + 1;
    positions.set(place, position);
    if (position >= tokens.length) throw new Error(`The pool of ${tokens.length} tokens is used up`);
    return tokens[position];
  };
}

async function burst({ url, amount, ...wanted }) {
  const next = tokenSource({ url, ...wanted });
  const open = await connectionsTo(url);
  const start = performance.now();
  const latencies = await exchange(open, amount, next);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, latencies };
}

const connected = new Map();

function connectionsTo(url) {
  if (!connected.has(url))
    connected.set(url, Promise.all(Array.from({ length: connections }, () => Connection.open(url))));
  return connected.get(url);
}

// Each connection asks again as soon as it was answered.
async function exchange(open, amount, next) {
  const latencies = [];
  let left = amount;
  const run = async connection => {
    while (left-- > 0) latencies.push(await timed(connection, next()));
  };
  await Promise.all(open.map(run));
  return latencies;
}

async function timed(connection, token) {
  const start = performance.now();
  const status = await connection.get(token);
  if (status !== 200) throw new Error(`A good token was answered with ${status}`);
  return performance.now() - start;
}

serve(burst);
process.send({});
