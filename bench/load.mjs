/** The process that asks: node load.mjs <pool file>. Each burst is a number of requests with the tokens that it wants. */
import { serve } from './child.mjs';
import { Connection } from './connection.mjs';
import { readPool } from './tokens.mjs';

const connections = 16;
const pools = await readPool(process.argv[2]);
const positions = new Map();

/** A distinct token for each request of a server's process, all of them in turn, or the first one again and again. */
function tokenSource({ url, pool, kind, status }) {
  const tokens = pools[pool];
  if (kind === 'repeated') return () => tokens[0];
  const place = `${url} ${pool}`;
  return () => {
    const position = (positions.get(place) ?? 0) + 1;
    positions.set(place, position);
    // Of a token that is refused nothing is kept: it may come again.
    if (kind === 'distinct' && status === 200 && position >= tokens.length)
      throw new Error(`${tokens.length} tokens are used up`);
    return tokens[position % tokens.length];
  };
}

async function burst({ url, amount, expected, method, body, ...wanted }) {
  const next = tokenSource({ url, ...wanted });
  const open = await connectionsTo(url);
  const start = performance.now();
  const latencies = await exchange(open, amount, next, { expected, method, body });
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
async function exchange(open, amount, next, asked) {
  const latencies = [];
  let left = amount;
  const run = async connection => {
    while (left-- > 0) latencies.push(await timed(connection, next(), asked));
  };
  await awake(Promise.all(open.map(run)));
  return latencies;
}

// On loopback the server pays for waking the process that waits for it: ten microseconds and more on a virtual machine,
// and only if the server is slow, since a fast one keeps this process busy. So this process polls and never sleeps.
async function awake(exchanged) {
  let isOver = false;
  const look = () => isOver || setImmediate(look);
  look();
  await exchanged.finally(() => (isOver = true));
}

async function timed(connection, token, { expected, ...asked }) {
  const start = performance.now();
  const status = await connection.ask(token, asked);
  if (status !== expected) throw new Error(`${expected} was expected, and ${status} answered, to ${token}`);
  return performance.now() - start;
}

serve(burst);
process.send({});
