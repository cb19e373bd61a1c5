/** Finds the app behind a layer: Express mounts an app in a function that hides it. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Layer } from './path-patterns';

const found = new WeakMap<object, object>();
const asked = new WeakSet<object>();
/** Mounted apps of Express 4 that had no layers when they were asked. */
const empty = new WeakSet<object>();

/** Returns the router or the middleware of a layer, or the app that is mounted in it, if that can be found. */
export function innerOf(layer: Layer): object {
  const { handle } = layer;
  if (!isMount(layer)) return handle;
  if (!found.has(handle) && (!asked.has(handle) || empty.has(handle))) ask(handle as MountedApp);
  return found.get(handle) ?? handle;
}

/** Whether an app is mounted in the layer that cannot be found, so that nothing is known about its layers. */
export function hidesApp(layer: Layer): boolean {
  return isMount(layer) && innerOf(layer) === layer.handle && !isEmptyMount(layer);
}

/** Whether the layer has an app that had no layers yet, and that cannot be found before it has some. */
export function isEmptyMount({ handle }: Layer): boolean {
  return empty.has(handle);
}

function isMount({ name, route }: Layer): boolean {
  return name === 'mounted_app' && route === undefined;
}

/** The function in which Express mounts an app. */
type MountedApp = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

// Only the app itself tells which it is: before its middleware, it sets the prototype of the request, which has the app. As long
// as an app of Express 4 has no layers, it only calls next, and is asked again.
function ask(mounted: MountedApp): void {
  asked.add(mounted);
  empty.delete(mounted);
  const read = new Set<string | symbol>();
  const { request, response } = probe(app => found.set(mounted, app), read);
  try {
    mounted(request, response, error => {
      if (error === undefined && read.size === 0) empty.add(mounted);
    });
  } catch {
    // An app of another kind, or one with a `handle` of its own that needs more of a request.
  }
}

interface Probe {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const outer = { request: IncomingMessage.prototype, response: ServerResponse.prototype };

// Once the app has set the prototype, the request has no URL: no layer takes it then. So no code of the app runs but a `handle`
// that the app has wrapped, which may choose by the host, and what an app of Express 4 has put in front of Express's own layers.
function probe(tell: (app: object) => void, read: Set<string | symbol>): Probe {
  const request = Object.assign(new IncomingMessage(new Socket()), { url: '/', method: 'GET', app: outer });
  Object.assign(request, { rawHeaders: ['Host', 'localhost'], headers: { host: 'localhost' } });
  const watched = new Proxy(request, {
    get(target, name) {
      // The function in which Express mounts an app reads it, too.
      if (name !== 'app') read.add(name);
      return Reflect.get(target, name) as unknown;
    },
    setPrototypeOf(target, prototype: { readonly app?: object }) {
      Object.assign(target, { url: undefined });
      if (prototype.app !== undefined) tell(prototype.app);
      return true;
    },
  });
  return { request: watched, response: new ServerResponse(request) };
}
