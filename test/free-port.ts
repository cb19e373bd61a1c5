/** A port for a server of a test's own that cannot choose one itself. */
import { once } from 'node:events';
import { createServer } from 'node:net';

const given = new Set<number>();

/**
 * Returns a port that nothing listens on at the moment, and that this process has not been given before.
 *
 * It is below those that the system gives to clients and to `listen(0)`, which other tests take meanwhile, and above those
 * of the Redis clusters.
 */
export async function freePort(): Promise<number> {
  const port = 30_001 + Math.floor(2700 * Math.random());
  if (given.has(port)) return freePort();
  given.add(port);
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return freePort();
  }
  server.close();
  await once(server, 'close');
  return port;
}
