/** Listens for the errors of a client that the app owns, because an unheard 'error' event ends the process. */
type Emitter = { on(event: string, listener: (error: unknown) => void): unknown };

/** The latest error of each client, and when it came. */
const heard = new WeakMap<object, { error?: unknown; at: number }>();

/** For how many milliseconds an error counts as the cause of a failure. A client that cannot connect repeats it. */
const recent = 5000;

/**
 * Listens for a client's errors, once for each client. Without a listener, a lost connection ends the process (`redis`)
 * or floods the console (`ioredis`). The failure is reported where a command fails. A client without events is left
 * alone.
 */
export function listenForErrors(client: object): void {
  if (heard.has(client) || !isEmitter(client)) return;
  const latest: { error?: unknown; at: number } = { at: -Infinity };
  heard.set(client, latest);
  const hear = (error: unknown): void => {
    Object.assign(latest, { error, at: performance.now() });
  };
  client.on('error', hear);
  // A cluster of `ioredis` reports the errors of its nodes with this name.
  if ('isCluster' in client && client.isCluster === true) client.on('node error', hear);
}

/** Returns the error that a client reported in the last seconds: why its commands are not answered. */
export function recentErrorOf(client: object): unknown {
  const { error, at } = heard.get(client) ?? { at: -Infinity };
  return performance.now() - at < recent ? error : undefined;
}

function isEmitter(client: object): client is Emitter {
  return 'on' in client && typeof client.on === 'function';
}
