/**
 * The process of one contestant: node server.mjs <contestant> <issuer as JSON>. Tells what it has used so far.
 * Beside it stands the same route without a guard: what the compiler and the collector make of a process is then the same for both.
 */
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { serve } from './child.mjs';
import { cpuTime } from './cpu-time.mjs';
import { contestants } from './contestants.mjs';

const [name, issuer] = process.argv.slice(2);
const url = await listen(await contestants[name](JSON.parse(issuer)));
const unguardedUrl = await listen(contestants.unguarded());

const inspector = new Session();
inspector.connect();

serve(async ({ profile }) => {
  if (profile === 'start') await inspector.post('Profiler.enable');
  if (profile === 'start') await inspector.post('Profiler.start');
  if (profile === 'stop') return (await inspector.post('Profiler.stop')).profile;
  return { cpu: cpuTime(), memory: process.memoryUsage() };
});
process.send({ url, unguardedUrl });

async function listen(app) {
  const server = app.listen(0, '127.0.0.1');
  // Connections stay open while the others have their turn.
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}/books`;
}
