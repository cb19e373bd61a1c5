/** The same guarded route three times, the second with a throttle that counts in memory: node throttle-server.mjs <issuer's URL>. */
import 'reflect-metadata';
import { once } from 'node:events';
import express from 'express';
import routingControllers from 'routing-controllers';
import library from '../../dist/src/index.js';
import throttling from '../../dist/src/throttling/index.js';
import { serve } from '../child.mjs';
import { cpuTime } from '../cpu-time.mjs';
import { audience } from '../tokens.mjs';

const { Get, JsonController } = routingControllers;

class EveryUser extends throttling.UserRateThrottle {
  rate = '1000000/day';
}

function controller(path, rules) {
  class BookController {
    constructor() {
      Object.assign(this, rules);
    }
    list() {
      return { books: [] };
    }
  }
  Get('/')(BookController.prototype, 'list');
  JsonController(path)(BookController);
  return BookController;
}

// Express looks at one after the other: what stands in the middle is as far from the start as the others on average.
const controllers = [
  controller('/guarded', {}),
  controller('/throttled', { throttleClasses: [EveryUser] }),
  controller('/again', {}),
];
const axioms = { audience, issuerUrl: process.argv[2] };
const app = library.useExpressServer(express().set('env', 'test'), { controllers, axioms });
const server = app.listen(0, '127.0.0.1');
server.keepAliveTimeout = 0;
await once(server, 'listening');
serve(() => ({ cpu: cpuTime() }));
process.send({ url: `http://127.0.0.1:${server.address().port}` });
