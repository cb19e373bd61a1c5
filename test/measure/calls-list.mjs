/** How many functions of this package a request calls, by V8's own count. */
import { Session } from 'node:inspector/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../packed.mjs';

const require = createRequire(import.meta.url);
const warmUp = 50;
const measured = 20;

/** Of the first example of the README: a GET with the scope, and one without. */
export async function callsOfRequests() {
  require('reflect-metadata');
  const { TestIssuer } = require(join(root, 'dist/src/testing'));
  const issuer = await new TestIssuer().listen();
  const app = serverOf(issuer);
  const listening = app.listen(0, '127.0.0.1');
  await new Promise(done => listening.once('listening', done));
  const url = `http://127.0.0.1:${listening.address().port}/books`;
  const ask = async (scope, status) => {
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${tokens[scope]}` } });
    await answer.text();
    if (answer.status !== status) throw new Error(`GET /books answered ${answer.status} instead of ${status}`);
  };
  const tokens = { 'book:read': issuer.token({ scope: 'book:read' }), other: issuer.token({ scope: 'other' }) };
  try {
    return { admitted: await callsOf(() => ask('book:read', 200)), refused: await callsOf(() => ask('other', 403)) };
  } finally {
    app.locals.axioms.close();
    listening.closeAllConnections();
    listening.close();
    await issuer.close();
  }
}

function serverOf(issuer) {
  const { Get, JsonController } = require('routing-controllers');
  const { HasAccessTokenScopes, HasValidAccessToken, createExpressServer } = require(join(root, 'dist/src'));
  class BookController {
    authenticationClasses = [HasValidAccessToken];
    permissionClasses = [HasAccessTokenScopes];

    get accessTokenScopes() {
      return { list: ['book:read'] }[this.action] ?? [];
    }

    list() {
      return [{ title: 'Emma' }];
    }
  }
  JsonController('/books')(BookController);
  Get('/')(BookController.prototype, 'list', Object.getOwnPropertyDescriptor(BookController.prototype, 'list'));
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  return createExpressServer({ controllers: [BookController], axioms: { ...issuer.settings(), logger } });
}

function ignore() {}

async function callsOf(ask) {
  for (let time = 0; time < warmUp; time++) await ask();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await session.post('Profiler.takePreciseCoverage');
  for (let time = 0; time < measured; time++) await ask();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const ours = pathToFileURL(join(root, 'dist/src/')).href;
  const counts = result
    .filter(({ url }) => url.startsWith(ours) && !url.startsWith(`${ours}testing/`))
    .flatMap(({ functions }) => functions)
    .filter(({ functionName, ranges }) => functionName !== '' || ranges[0].startOffset > 0)
    .map(({ ranges }) => ranges[0].count);
  if (process.env.LISTCALLS) { const m={}; for (const {url,functions} of result) if (url.startsWith(ours) && !url.startsWith(`${ours}testing/`)) for (const f of functions) if (f.functionName !== "" || f.ranges[0].startOffset>0) { const n=f.ranges[0].count/measured; if (n>=0.2) m[url.slice(ours.length)+" "+f.functionName+"@"+f.ranges[0].startOffset]=n; } console.log("=====",Object.values(m).reduce((a,b)=>a+b,0)); for (const [k,v] of Object.entries(m).sort((a,b)=>a[0]<b[0]?-1:1)) console.log(v.toFixed(1),k); }
  return Math.round(counts.reduce((sum, count) => sum + count, 0) / measured);
}
