/** A session beside tokens: the API's own pages sign in with a cookie, other clients send an access token. */
import 'reflect-metadata';
import express, { type Response } from 'express';
import session from 'express-session';
import { BodyParam, Get, JsonController, OnUndefined, Post } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  PermissionDenied,
  SessionAuthentication,
  callerOf,
  checkCsrfToken,
  csrfToken,
  useExpressServer,
  type AxiomsRequest,
} from 'axioms-routing-controllers';

type SessionRequest = AxiomsRequest & { session: { user?: object; regenerate(done: (error?: Error) => void): void } };

@JsonController('/session')
class SessionController {
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
  async signIn(@BodyParam('name') name: string, @BodyParam('password') password: string) {
    checkCsrfToken(this.request); // otherwise another site signs its visitors in as somebody else
    if (name !== 'ged' || password !== 'sparrowhawk') throw new PermissionDenied('The name or the password is wrong');
    await new Promise(done => this.request.session.regenerate(done)); // the session gets another id
    this.request.session.user = { isAuthenticated: true, sub: name };
  }
}

@JsonController('/account')
class AccountController {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  declare request: AxiomsRequest;

  @Get('/')
  show() {
    return {
      sub: (callerOf(this.request) as { sub?: string }).sub,
      by: this.request.auth?.authenticator.constructor.name,
    };
  }
}

const secret = process.env.SESSION_SECRET ?? 'only for this trial';
export const app = express();
app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }));
useExpressServer(app, { controllers: [SessionController, AccountController] });
app.listen(Number(process.env.PORT ?? 3000));
