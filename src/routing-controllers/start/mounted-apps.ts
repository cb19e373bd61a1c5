/** Finds the app behind a layer: Express mounts an app in a function that hides it. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Layer } from './path-patterns';

const found = new WeakMap<object, object>();
const asked = new WeakSet<object>();

/** Returns the router or the middleware of a layer, or the app that is mounted in it, if that can be found. */
export function innerOf(layer: Layer): object {
  const { handle } = layer;
  if (!isMount(layer)) return handle;
  if (!found.has(handle) && !asked.has(handle)) ask(handle as MountedApp);
  return found.get(handle) ?? handle;
}

/** Whether an app is mounted in the layer that cannot be found, so that nothing is known about its layers. */
export function hidesApp(layer: Layer): boolean {
  return isMount(layer) && innerOf(layer) === layer.handle;
}

function isMount({ name, route }: Layer): boolean {
  return name === 'mounted_app' && route === undefined;
}

/** The function in which Express mounts an app. */
type MountedApp = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

// Only the app itself tells which it is: before its middleware, it sets the prototype of the request, which has the app.
// An app of Express 4 calls next at once as long as it has no layers, and is asked again.
function ask(mounted: MountedApp): void {
  asked.add(mounted);
  const request = probe(app => found.set(mounted, app));
  try {
    mounted(request, new ServerResponse(request), () => asked.delete(mounted));
  } catch {
    // An app of another kind, or one with a `handle` of its own that needs more of a request.
  }
}

const outer = { request: IncomingMessage.prototype, response: ServerResponse.prototype };

// Once the app has set the prototype, the request has no URL: no layer takes it then, so that no code of the app runs.
function probe(tell: (app: object) => void): IncomingMessage {
  const request = Object.assign(new IncomingMessage(new Socket()), { url: '/', method: 'GET', app: outer });
  return new Proxy(request, {
    setPrototypeOf(target, prototype: { readonly app?: object }) {
      Object.assign(target, { url: undefined });
      if (prototype.app !== undefined) tell(prototype.app);
      return true;
    },
  });
}
