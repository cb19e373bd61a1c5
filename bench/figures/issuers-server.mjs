/**
 * The same guarded route twice, trusting one issuer and all of them: node issuers-server.mjs <issuers> <JWK>. The issuers
 * answer in this process, all with this key.
 */
import 'reflect-metadata';
import { once } from 'node:events';
import express from 'express';
import routingControllers from 'routing-controllers';
import library from '../../dist/src/index.js';
import { serve } from '../child.mjs';
import { cpuTime } from '../cpu-time.mjs';
import { audience } from '../tokens.mjs';

const { Get, JsonController } = routingControllers;

const [issuers, jwk] = process.argv.slice(2).map(one => JSON.parse(one));
globalThis.fetch = async () => Response.json({ keys: [jwk] });

class BookController {
  list() {
    return { books: [] };
  }
}
Get('/')(BookController.prototype, 'list');
JsonController('/books')(BookController);

const [few, many] = [await listen(issuers.slice(0, 1)), await listen(issuers)];
serve(() => ({ cpu: cpuTime() }));
process.send({ few, many });

async function listen(trusted) {
  const axioms = { issuers: trusted.map(issuerUrl => ({ issuerUrl, audience, jwksUrl: `${issuerUrl}/keys` })) };
  const app = library.useExpressServer(express().set('env', 'test'), { controllers: [BookController], axioms });
  const server = app.listen(0, '127.0.0.1');
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}/books`;
}
