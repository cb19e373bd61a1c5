/** The process of one contestant: node server.mjs <contestant> <issuer as JSON>. Tells what it has used so far. */
import { once } from 'node:events';
import { serve } from './child.mjs';
import { contestants } from './contestants.mjs';

const [name, issuer] = process.argv.slice(2);
const app = await contestants[name](JSON.parse(issuer));
const server = app.listen(0, '127.0.0.1');
// Connections stay open while the others have their turn.
server.keepAliveTimeout = 0;
await once(server, 'listening');

serve(() => {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, memory: process.memoryUsage() };
});
process.send({ url: `http://127.0.0.1:${server.address().port}/books` });
