/** A session login beside access tokens: a page of the API's own needs no token in the browser. */
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import {
  AccessTokenAuthentication,
  AllowAny,
  IntrospectionAuthentication,
  SessionAuthentication,
  callerOf,
  checkCsrfToken,
  csrfToken,
  PermissionDenied,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import type { Application, Response } from 'express';
import session from 'express-session';
import { BodyParam, Get, JsonController, OnUndefined, Post } from 'routing-controllers';
import { accounts, isPerson } from './accounts';

type SessionRequest = AxiomsRequest & { session: { user?: object; regenerate(done: (error?: unknown) => void): void } };

/** In front of the routes. Sessions are in memory; a real app keeps them in a store that its processes share. */
export function addSessions(app: Application) {
  const secret = randomBytes(32).toString('base64url');
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }));
}

/** Who are you? No password: this is a demo. */
@JsonController('/session')
export class SessionController {
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [AllowAny];

  declare request: SessionRequest;
  declare response: Response;

  @Get('/')
  token() {
    return { csrfToken: csrfToken(this.request, this.response) };
  }

  @Post('/')
  @OnUndefined(204)
  async signIn(@BodyParam('name') name: string) {
    checkCsrfToken(this.request);
    if (!isPerson(name)) throw new PermissionDenied('Nobody has this name');
    const { session } = this.request;
    // Another id: who planted the old one must not be signed in with it.
    await promisify(session.regenerate.bind(session))();
    const { roles } = accounts[name];
    this.request.session.user = { name, roles, isStaff: name === 'alice' };
  }
}

/** By a token, a JWT or an opaque one, or by a session. */
@JsonController('/account')
export class AccountController {
  authenticationClasses = [AccessTokenAuthentication, IntrospectionAuthentication, SessionAuthentication];

  declare request: AxiomsRequest;

  @Get('/')
  show() {
    const { roles } = callerOf(this.request);
    return { by: this.request.auth?.authenticator.constructor.name, roles };
  }

  @Post('/')
  change() {
    return this.show();
  }
}
