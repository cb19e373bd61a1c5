/** Tells the guards that an app makes at startup from those that it makes while it handles a request. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** The time from the creation of a server to the first request that the process receives afterwards. */
interface Startup {
  /** How many guards the process had made when it ended; `undefined` while it lasts. */
  guards?: number;
}

const startups = new WeakMap<object, Startup>();
let current: Startup | undefined;
let guards = 0;

/** Begins the startup of a server. */
export function beginStartup(server: object): void {
  if (current === undefined) subscribe('http.server.request.start', endStartup);
  current ??= {};
  startups.set(server, current);
}

function endStartup(): void {
  if (current !== undefined) current.guards ??= guards;
  current = undefined;
  // Unsubscribes later: Node would skip the next subscriber of the event that it is publishing.
  queueMicrotask(() => {
    if (current === undefined) unsubscribe('http.server.request.start', endStartup);
  });
}

/** Counts a guard, and returns its number. */
export function countGuard(): number {
  return ++guards;
}

/** Whether the guard with this number was made before the first request that arrived after the server was created. */
export function isMadeAtStartup(number: number, server: object): boolean {
  const last = startups.get(server)?.guards;
  return last === undefined || number <= last;
}

/**
 * Ends the startup of a server at the first call of a guard. Node publishes no event for a request of HTTP/2, so that
 * this request may have made the guard: it does not count.
 */
export function endStartupAt(number: number, server: object): void {
  const startup = startups.get(server);
  if (startup !== undefined) startup.guards ??= number - 1;
}
