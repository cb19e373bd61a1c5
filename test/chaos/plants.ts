/** Faults of the code that a switch plants, to show that the chaos finds them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Denylist } from '../../src/core/settings/denylist';
import type { MicroserviceStore } from '../../src/microservice';
import type { Plant } from './orders';

interface Planted {
  readonly store: MicroserviceStore;
  readonly denylist: Denylist;
}

/** @returns what each request passes first; `true` where it has answered */
export function plantIn(
  { store, denylist }: Planted,
  plant: Plant | undefined,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  let count = 0;
  const isNext = (): boolean => ++count % 5 === 0;
  const add = store.addFamily.bind(store);
  if (plant === 'forgetful-denylist') denylist.revoke = () => Promise.resolve();
  if (plant === 'forgetful-store') store.addFamily = family => (isNext() ? Promise.resolve() : add(family));
  return (_, response) => {
    if (plant === 'no-retry-after') withoutRetryAfter(response);
    if (plant !== 'server-error' || !isNext()) return false;
    response.writeHead(500).end();
    return true;
  };
}

function withoutRetryAfter(response: ServerResponse): void {
  const set = response.setHeader.bind(response);
  response.setHeader = (name, value) => (name.toLowerCase() === 'retry-after' ? response : set(name, value));
}
