/** One start, in a process of its own: node start-up-server.mjs <kind>. Tells what the registration took. */
import 'reflect-metadata';
import express from 'express';
import routingControllers from 'routing-controllers';
import { serve } from '../child.mjs';
import { cpuTime, mainThreadTime } from '../cpu-time.mjs';

const { Delete, Get, JsonController, Post, Put } = routingControllers;
const [kind] = process.argv.slice(2);
const actions = {
  list: Get('/'),
  retrieve: Get('/:id'),
  create: Post('/'),
  update: Put('/:id'),
  destroy: Delete('/:id'),
};
const library = kind === 'stock' ? undefined : (await import('../../dist/src/index.js')).default;
const rules = {
  'ours, with scope rules': () => ({
    authenticationClasses: [library.HasValidAccessToken],
    permissionClasses: [library.HasAccessTokenScopes],
    accessTokenScopes: ['thing:read'],
  }),
};

function controller(index) {
  class ThingController {
    constructor() {
      if (rules[kind] !== undefined) Object.assign(this, rules[kind]());
    }
  }
  for (const [name, decorate] of Object.entries(actions)) {
    ThingController.prototype[name] = () => ({});
    decorate(ThingController.prototype, name);
  }
  JsonController(`/things-${index}`)(ThingController);
  return ThingController;
}

const controllers = Array.from({ length: 1000 }, (_, index) => controller(index));
const app = express();
const [before, mainBefore] = [cpuTime(), mainThreadTime()];
if (library === undefined) routingControllers.useExpressServer(app, { controllers });
else {
  const axioms = { audience: 'https://api.example.com', issuerUrl: 'https://issuer.example.com', jwksPrefetch: false };
  library.useExpressServer(app, { controllers, axioms });
}
const [cpu, main] = [cpuTime() - before, mainThreadTime() - mainBefore];
serve(() => ({}));
process.send({ cpu, main });
