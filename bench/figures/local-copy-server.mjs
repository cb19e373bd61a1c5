/**
 * The same guarded route on three servers of one process, the second with a denylist of a local copy, and one more that asks
 * Redis: node local-copy-server.mjs <issuer's URL> <URL of Redis>.
 */
import 'reflect-metadata';
import { once } from 'node:events';
import express from 'express';
import { Redis } from 'ioredis';
import routingControllers from 'routing-controllers';
import library from '../../dist/src/index.js';
import redis from '../../dist/src/redis/index.js';
import { serve } from '../child.mjs';
import { cpuTime } from '../cpu-time.mjs';
import { audience } from '../tokens.mjs';

const { Get, JsonController } = routingControllers;
const [issuerUrl, redisUrl] = process.argv.slice(2);
const client = new Redis(redisUrl);
const denylists = {
  without: undefined,
  copied: new redis.RedisDenylist(client, { localCopy: {} }),
  asked: new redis.RedisDenylist(client),
  again: undefined,
};

async function listen(denylist) {
  class BookController {
    list() {
      return { books: [] };
    }
  }
  Get('/')(BookController.prototype, 'list');
  JsonController('/books')(BookController);
  const axioms = { audience, issuerUrl, denylist };
  const app = library.useExpressServer(express().set('env', 'test'), { controllers: [BookController], axioms });
  const server = app.listen(0, '127.0.0.1');
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}/books`;
}

const urls = {};
for (const [name, denylist] of Object.entries(denylists)) urls[name] = await listen(denylist);
serve(() => ({ cpu: cpuTime() }));
await denylists.copied.isRevoked({ iss: issuerUrl, jti: 'nobody' });
process.send({ urls });
