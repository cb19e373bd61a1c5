/** One of the five-handler APIs, in a process of its own: node shapes-server.mjs <contestant> <issuer's URL> */
import { once } from 'node:events';
import { serve } from '../child.mjs';
import { cpuTime } from '../cpu-time.mjs';
import { contestants } from './shapes.mjs';

const [name, issuerUrl] = process.argv.slice(2);
const server = contestants[name](issuerUrl, 0).listen(0, '127.0.0.1');
server.keepAliveTimeout = 0;
await once(server, 'listening');
serve(() => ({ cpu: cpuTime() }));
process.send({ url: `http://127.0.0.1:${server.address().port}` });
