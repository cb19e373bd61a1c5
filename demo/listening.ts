import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly server: Server;
  readonly url: string;
  close(): Promise<void>;
}

/** An HTTP server on this port of the loopback interface; on any free one if it is taken. */
export async function listenOn(port: number): Promise<Listening> {
  const server = createServer();
  await listen(server, port).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return listen(server, 0);
  });
  // Once it is closing, each connection ends with its answer.
  server.on('request', (_, response) => {
    if (!server.listening) response.setHeader('Connection', 'close');
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, url, close: () => close(server) };
}

async function listen(server: Server, port: number) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

/** Seconds that a request under way may take once the server closes. */
const longestRest = 10;

// Requests under way get their answers. `close()` ends connections that wait for a request, and takes no new ones.
async function close(server: Server) {
  const closed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, 1000 * longestRest);
  await closed;
  clearTimeout(timer);
}
