import { parseArgs } from 'node:util';
import { demoPlace } from './database';
import { startDemo, type Demo } from './demo';
import { endWith } from './failure';
import { guide } from './guide';
import { startSharingDemo } from './sharing/sharing-demo';

const ports = { PORT: 3000, ISSUER_PORT: 3001 };

async function main() {
  const start = isShared() ? startSharingDemo : startDemo;
  const [port, issuerPort] = [portOf('PORT'), portOf('ISSUER_PORT')];
  const demo = await start({ place: demoPlace, port, issuerPort });
  endOnSignal(demo);
  sayIfTaken(port, demo.api.url);
  sayIfTaken(issuerPort, demo.issuer.url);
  console.log(await guide(demo));
}

/** `--redis`: two APIs, and what they share in Redis. */
function isShared(): boolean {
  const { values } = parseArgs({ options: { redis: { type: 'boolean' } }, allowPositionals: true });
  return values.redis === true;
}

function portOf(name: keyof typeof ports): number {
  const port = Number(process.env[name] ?? ports[name]);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`${name} is ${process.env[name] ?? ''}: it must be a port, from 0 (any free one) to 65535.`);
}

function sayIfTaken(port: number, url: string) {
  if (port !== 0 && new URL(url).port !== String(port)) console.log(`Port ${port} is taken; using ${url} instead.`);
}

function endOnSignal(demo: Demo) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void demo.close());
}

main().catch(endWith);
