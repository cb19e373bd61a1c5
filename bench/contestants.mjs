/** The same routing-controllers route on the same Express, guarded by each contestant in the way its README shows. */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import express from 'express';
import routingControllers from 'routing-controllers';
import { algorithms, audience } from './tokens.mjs';

const { Get, JsonController, UseBefore, useExpressServer } = routingControllers;

/**
 * By name: makes the app. Only what a contestant needs is loaded into its process. Beside the peers stand two that
 * bound them: the route without a guard, and one whose guard answers 401 and looks at nothing.
 */
export const contestants = {
  unguarded: () => stock(),
  'a bare 401': () => stock(sayUnauthorized),
  ours: issuer => ours(issuer, {}),
  'ours, with a scope rule': async issuer => {
    const { HasAccessTokenScopes, HasValidAccessToken } = await library();
    const authenticationClasses = [HasValidAccessToken];
    const permissionClasses = [HasAccessTokenScopes];
    return ours(issuer, { authenticationClasses, permissionClasses, accessTokenScopes: ['book:read'] });
  },
  'ours, with a throttle': async issuer => {
    const { UserRateThrottle } = (await import('../dist/src/throttling/index.js')).default;
    class EveryUser extends UserRateThrottle {
      rate = '1000000/day';
    }
    return ours(issuer, { throttleClasses: [EveryUser] });
  },
  'express-oauth2-jwt-bearer': async ({ url }) => {
    const { auth } = (await import('express-oauth2-jwt-bearer')).default;
    // Express's own error handler, which its README leaves the answer to, renders a page with the stack.
    return stock(auth({ issuerBaseURL: url, audience })).use((error, request, response, next) => {
      if (error.status !== 401) next(error);
      else response.status(error.status).set(error.headers).json({ error: error.code, message: error.message });
    });
  },
  'express-jwt + jwks-rsa': async ({ url, jwksUrl }) => {
    const { expressjwt } = (await import('express-jwt')).default;
    const { expressJwtSecret } = (await import('jwks-rsa')).default;
    const secret = expressJwtSecret({ ...keyCaching, jwksUri: jwksUrl });
    return stock(expressjwt({ secret, audience, issuer: url, algorithms })).use((error, request, response, next) => {
      if (error.name === 'UnauthorizedError') response.status(401).send('invalid token...');
      else next(error);
    });
  },
  'passport-jwt + jwks-rsa': async ({ url, jwksUrl }) => {
    const { default: passport } = await import('passport');
    const { ExtractJwt, Strategy } = (await import('passport-jwt')).default;
    const { passportJwtSecret } = (await import('jwks-rsa')).default;
    const secretOrKeyProvider = passportJwtSecret({ ...keyCaching, jwksUri: jwksUrl });
    const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken();
    const options = { secretOrKeyProvider, jwtFromRequest, audience, issuer: url, algorithms };
    passport.use(new Strategy(options, (claims, done) => done(null, claims)));
    return stock(passport.authenticate('jwt', { session: false }));
  },
  'aws-jwt-verify': async ({ url, jwksUrl }) => {
    const { JwtVerifier } = await import('aws-jwt-verify');
    const verifier = JwtVerifier.create({ issuer: url, audience, jwksUri: jwksUrl.replace('http:', 'https:') });
    // It fetches keys over https only: they are given to it.
    verifier.cacheJwks(await (await fetch(jwksUrl)).json());
    return stock(bearerMiddleware(token => verifier.verify(token)));
  },
  'jose (WebCrypto)': async ({ url, jwksUrl }) => {
    // Ours to install: the peers bring an older one.
    const { createRemoteJWKSet, jwtVerify } = createRequire(new URL('../package.json', import.meta.url))('jose');
    const keys = createRemoteJWKSet(new URL(jwksUrl));
    return stock(bearerMiddleware(token => jwtVerify(token, keys, { issuer: url, audience, algorithms })));
  },
};

/** Those that guard nothing, or everything: what the others are measured by. */
export const bounds = ['unguarded', 'a bare 401'];

export function isPeer(name) {
  return !bounds.includes(name) && !name.startsWith('ours');
}

/** What the contestant has to answer in this scenario; `undefined`: the scenario is not for it. */
export function expectedStatus(name, { status }) {
  if (name === 'unguarded') return 200;
  if (name === 'a bare 401' || name === 'ours, with a scope rule') return statusOfSome(name, status);
  return status;
}

// The bare one refuses only; a rule about scopes changes nothing for a token that is refused before it is asked.
function statusOfSome(name, status) {
  return (name === 'a bare 401') === (status === 401) ? status : undefined;
}

const keyCaching = { cache: true, rateLimit: true };

// An Express of their own would be routing-controllers' older one. The env: a refused token is nothing to print.
// Peers that hand their refusal on leave the answer to the app's error handler, as their READMEs show it.
function stock(...guards) {
  const app = express().set('env', 'test');
  return useExpressServer(app, { controllers: [bookController({}, guards)] });
}

async function ours({ url, settings }, rules) {
  const { useExpressServer } = await library();
  const axioms = { audience, issuerUrl: url, ...settings };
  return useExpressServer(express().set('env', 'test'), { controllers: [bookController(rules)], axioms });
}

async function library() {
  return (await import('../dist/src/index.js')).default;
}

function bookController(rules, guards = []) {
  class BookController {
    constructor() {
      Object.assign(this, rules);
    }
    list() {
      return { books: [] };
    }
  }
  JsonController('/books')(BookController);
  Get('/')(BookController.prototype, 'list');
  for (const guard of guards) UseBefore(guard)(BookController);
  return BookController;
}

function bearerMiddleware(verify) {
  return (request, response, next) => {
    const [, token = ''] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    verify(token).then(
      claims => {
        request.user = claims;
        next();
      },
      () => sayUnauthorized(request, response),
    );
  };
}

function sayUnauthorized(request, response) {
  response.status(401).json({ statusCode: 401, message: 'Unauthorized' });
}
