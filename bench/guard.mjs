/**
 * What the guard alone costs, without HTTP: node bench/guard.mjs [--amount 24000]
 *
 * One figure a part, in microseconds of CPU a request; the last row is all that a guarded request is asked.
 */
import 'reflect-metadata';
import { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { startIssuer } from './issuer.mjs';
import { spread } from './statistics.mjs';
import { shown, table } from './table.mjs';
import { audience, makeKeys, mintMany } from './tokens.mjs';

const require = createRequire(import.meta.url);
const library = part => require(`../dist/src/${part}.js`);
const { AccessTokenVerifier, defineSettings, JwksManager, TokenIntrospector } = library('index');
const { HasAccessTokenScopes, HasValidAccessToken } = library('index');
const { appContainer } = library('routing-controllers/start/app-container');
const { policyMaker } = library('routing-controllers/start/container');
const { routeRules } = library('views/start/read-rules');
const { UserRateThrottle } = library('throttling/index');
const { Visit } = library('views/visit');
const { admit, permit } = library('views/lifecycle');

const rounds = 7;
const { values } = parseArgs({ options: { amount: { type: 'string', default: '24000' } } });
const amount = Number(values.amount);

class Plain {
  list() {}
}

class Scoped {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return ['book:read'];
  }
  list() {}
}

class Throttled extends Scoped {
  throttleClasses = [UserRateThrottle];
}

const keys = makeKeys();
const issuer = await startIssuer(keys);
const throttleRates = { user: '1000000/day' };
const settings = defineSettings({ audience, issuerUrl: issuer.url, throttleRates });
const manager = new JwksManager(settings);
await manager.start();
issuer.close();
const [rsa, ec] = await Promise.all(keys.map(key => mintMany(key, issuer.url, amount)));
const services = servicesOf(settings);
const uncached = servicesOf(defineSettings({ ...settings, tokenCacheSize: 0 }));

const parts = {
  'an await of nothing': () => undefined,
  'making the controller': makerOf(Plain),
  'verifying, cached': () => services.verifier.verify(rsa[0]),
  'verifying, RS256 anew': index => uncached.verifier.verify(rsa[index]),
  'verifying, ES256 anew': index => uncached.verifier.verify(ec[index]),
  'the guard, for a controller that says nothing': guarded(Plain),
  'the guard, with a scope rule': guarded(Scoped),
  'the guard, with a scope rule and a throttle': guarded(Throttled),
};
const rows = [];
for (const [name, run] of Object.entries(parts)) rows.push([name, shown(await measure(run), 2)]);
console.log(table(['without HTTP', 'CPU µs (min–max)'], rows));
manager.close();

function servicesOf(settings) {
  const verifier = new AccessTokenVerifier(settings, manager);
  const introspector = new TokenIntrospector(settings, manager);
  const own = { settings, jwksManager: manager, verifier, introspector };
  return { settings, verifier, introspector, ...policyMaker(appContainer(), own) };
}

function makerOf(controllerClass) {
  const factory = appContainer().factory(controllerClass);
  return () => factory.make({});
}

/** Both halves, as the driver runs them. */
function guarded(controllerClass) {
  const make = makerOf(controllerClass);
  const route = { method: 'GET', path: '/books', isParametrized: false, action: 'list' };
  const rules = routeRules(route, make(), services);
  const headers = { host: 'localhost', authorization: `Bearer ${rsa[0]}` };
  const rawHeaders = Object.entries(headers).flat();
  return async () => {
    const visit = new Visit(rules, services, make(), { method: 'GET', headers, rawHeaders }, new ServerResponse({}));
    await admit(visit);
    await permit(visit);
  };
}

async function measure(run) {
  const each = Math.floor(amount / (rounds + 1));
  const costs = [];
  for (let round = 0; round <= rounds; round++) costs.push(await costOf(run, round * each, each));
  return spread(costs.slice(1));
}

async function costOf(run, first, count) {
  const before = process.cpuUsage();
  for (let index = first; index < first + count; index++) await run(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
