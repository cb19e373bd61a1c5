/** A microservice as a user exports it, on a store that the test chooses. */
import 'reflect-metadata';
import { createExpressServer } from 'axioms-routing-controllers';
import { createMicroservice, memoryStore, MemoryUserStore } from 'axioms-routing-controllers/microservice';
import { typeOrmStore } from 'axioms-routing-controllers/microservice/typeorm';
import { silentLogger } from '../../issuer/test-issuer';

/** What the test sets before it runs a command. */
export const choice = { store: memoryStore(), now: Date.parse('2026-01-01T00:00:00Z'), closed: 0 };

const issuer = 'https://api.example.com';
const file = process.env.KEYS_FILE;

export function microservice() {
  const made = createMicroservice({
    issuer,
    audience: issuer,
    secret: 'Earthsea-0123456789-abcdefghijklmnopqrstuvwxyz',
    users: new MemoryUserStore(),
    store: file === undefined ? choice.store : typeOrmStore({ file }),
    clock: () => choice.now,
    logger: silentLogger,
  });
  const close = () => {
    choice.closed += 1;
    return made.close();
  };
  return Promise.resolve({ ...made, close });
}

/** The app beside it: not what is looked for. */
export default async function app() {
  const { controllers } = await microservice();
  return createExpressServer({ controllers, axioms: { issuerUrl: issuer, audience: issuer, logger: silentLogger } });
}

export const made = { rotateKeys: () => Promise.reject(new Error('a bug')), close: () => Promise.resolve() };

export const nothing = { hello: 'world' };

export const empty = () => undefined;
