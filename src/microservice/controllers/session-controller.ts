/** The endpoints of a session: sign-in, social-exchange, login, callback, refresh, csrf, logoff. */
import type { Request, Response } from 'express';
import { Body, Get, JsonController, OnUndefined, Param, Post } from 'routing-controllers';
import { ParseError } from '../../core/exceptions';
import { checkOrigin } from '../cookies/request-origin';
import type { LoginPages } from '../identity-providers/login-pages';
import type { Options } from '../options';
import type { Exchange, Sessions } from '../sessions';
import type { SignedIn, SocialWay } from '../ways-in';
import { BearerChallenge } from './bearer-challenge';

/** The two tokens of an identity provider, and room. */
const jsonBody = { validate: false, options: { limit: '64kb' } };

/** Each microservice has classes of its own: an app may have several. */
export function sessionController(options: Options, sessions: Sessions): new () => object {
  @JsonController(options.prefix)
  class SessionController {
    authenticationClasses = [BearerChallenge];
    permissionClasses = [];
    throttleClasses = [];

    declare request: Request;
    declare response: Response;

    @Post('/sign-in')
    signIn(@Body(jsonBody) body: unknown): Promise<SignedIn> {
      return sessions.signIn(this.received(body));
    }

    @Post('/refresh')
    refresh(@Body(jsonBody) body: unknown): Promise<SignedIn> {
      return sessions.refresh(this.received(body));
    }

    /** For a page that was reloaded, or came back from a provider: who may read the answer is of an allowed origin. */
    @Post('/csrf')
    csrf(@Body(jsonBody) body: unknown): { CSRF_token: string } {
      return sessions.csrfToken(this.received(body));
    }

    @Post('/logoff')
    @OnUndefined(204)
    async logOff(@Body(jsonBody) body: unknown): Promise<void> {
      await sessions.logOff(this.received(body));
    }

    private received(body: unknown): Exchange {
      return received(this, body, options);
    }
  }
  return SessionController;
}

/** Where the microservice has an identity provider. */
export function socialExchangeController(options: Options, sessions: Sessions, social: SocialWay): new () => object {
  @JsonController(options.prefix)
  class SocialExchangeController {
    authenticationClasses = [BearerChallenge];
    permissionClasses = [];
    throttleClasses = [];

    declare request: Request;
    declare response: Response;

    @Post('/social-exchange')
    exchange(@Body(jsonBody) body: unknown): Promise<SignedIn> {
      return sessions.socialExchange(received(this, body, options), social);
    }
  }
  return SocialExchangeController;
}

/** Logins at the providers, with this server as the client. */
export function loginController(options: Options, pages: LoginPages): new () => object {
  @JsonController(options.prefix)
  class LoginController {
    authenticationClasses = [BearerChallenge];
    permissionClasses = [];
    throttleClasses = [];

    declare request: Request;
    declare response: Response;

    @Get('/login/:provider')
    login(@Param('provider') provider: string): Promise<Response> {
      return pages.begin(provider, this.request, this.response);
    }

    @Get('/callback/:provider')
    callback(@Param('provider') provider: string): Promise<Response> {
      return pages.finish(provider, this.request, this.response);
    }
  }
  return LoginController;
}

// What the endpoints for pages ask before anything else, and say with every answer (RFC 6749 §5.1: "no-store", "no-cache").
function received({ request, response }: Omit<Exchange, 'body'>, body: unknown, options: Options): Exchange {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Pragma', 'no-cache');
  checkOrigin(request, options);
  // A form, which any page can send, is no JSON, even where a parser of the app's own has read it.
  if (hasContent(request) && request.is('application/json') === false)
    throw new ParseError('The body must be JSON: application/json');
  return { request, response, body };
}

// RFC 9112 §6: what says that there is a body; one of no length is none.
function hasContent({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
