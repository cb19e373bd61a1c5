/** Listens for the errors of a client that the app owns, because an unheard 'error' event ends the process. */
type Emitter = { on(event: 'error', listener: () => void): unknown };

const heard = new WeakSet<object>();

/**
 * Listens for a client's errors, once for each client. Without a listener, a lost connection ends the process (`redis`)
 * or floods the console (`ioredis`). The failure is reported where a command fails. A client without events is left
 * alone.
 */
export function listenForErrors(client: object): void {
  if (heard.has(client) || !isEmitter(client)) return;
  heard.add(client);
  client.on('error', () => undefined);
}

function isEmitter(client: object): client is Emitter {
  return 'on' in client && typeof client.on === 'function';
}
