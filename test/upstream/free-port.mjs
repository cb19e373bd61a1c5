import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that is free, and is not one of those that the system gives to clients meanwhile. */
export async function freePort() {
  const port = 10_000 + Math.floor(20_000 * Math.random());
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return freePort();
  }
  server.close();
  await once(server, 'close');
  return port;
}
