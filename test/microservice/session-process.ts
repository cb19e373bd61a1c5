/**
 * A process that serves sessions from a store of several: node session-process.js <what, as JSON>. It reports its port. Its
 * orders can name a step of a request at which it kills itself, as if the machine failed there.
 */
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MicroserviceOptions, MicroserviceStore } from '../../src/microservice';
import type { Logger } from '../../src/core/settings/logger';
import type { User } from '../../src/microservice/users/user';
import { goBy, SignInApp } from './sign-in-app';
import { storeAt, type StoreAddress } from './stores/places';

export interface ProcessOrders {
  readonly address: StoreAddress;
  /** `before rotateFamily`, `after rotateFamily`, `before the answer`, …; none: it lives. */
  readonly dieAt?: string;
  /** Milliseconds since 1970 at which its clock stands; none: the real time. */
  readonly time?: number;
}

/** What it writes to its standard output, a line each: before anything else can happen. */
export type ProcessNote = { readonly step: string } | { readonly log: string; readonly data: unknown };

const { address, dieAt, time } = JSON.parse(process.argv[2] ?? '') as ProcessOrders;

function note(what: ProcessNote): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

let isServing = false;

function step(name: string): void {
  if (!isServing) return;
  note({ step: name });
  if (name === dieAt) process.kill(process.pid, 'SIGKILL');
}

/** The object, with a step before and after each of its methods. */
function inSteps<Target extends object>(target: Target): Target {
  return new Proxy(target, {
    get(_, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function' || name === 'now') return member;
      return async (...parameters: unknown[]) => {
        step(`before ${String(name)}`);
        const result: unknown = await Reflect.apply(member, target, parameters);
        step(`after ${String(name)}`);
        return result;
      };
    },
  });
}

const log = (message: string, data?: object): void => {
  note({ log: message, data });
};
const logger: Logger = { debug: () => undefined, info: log, warn: log, error: log };

// Users are the same everywhere: every user that is looked up exists.
function everybody(): Pick<MicroserviceOptions, 'users'> {
  const findById = (id: string): Promise<User> => Promise.resolve({ id, username: id, isActive: true });
  const { users } = new SignInApp({ store: storeless });
  return { users: inSteps(Object.assign(users, { findById })) };
}

const storeless = new Proxy({}, { get: () => () => Promise.resolve([]) }) as MicroserviceStore;

async function serve(): Promise<void> {
  const clock = (): number => time ?? Date.now();
  const opened = await storeAt(address);
  goBy(clock, opened.store);
  const store = inSteps(opened.store);
  const { app, denylist, server: axioms } = new SignInApp({ store, logger, clock, ...everybody() });
  denylist.revoke = (revoke => which => {
    step('before revoke');
    revoke.call(denylist, which);
    step('after revoke');
  })(denylist.revoke.bind(denylist));
  axioms.verifier.clock = clock;

  const server = createServer((request, response) => {
    const end = response.end.bind(response);
    response.end = ((...parameters: Parameters<typeof end>) => {
      step('before the answer');
      return end(...parameters);
    }) as typeof end;
    app(request, response);
  });
  await axioms.jwksManager.start();
  isServing = true;
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

process.once('disconnect', () => process.exit());
void serve();
