/** The endpoints of a session: sign-in, social-exchange, login, callback, refresh, csrf, logoff. */
import type { Request, Response } from 'express';
import { Body, Get, JsonController, OnUndefined, Param, Post, UseBefore } from 'routing-controllers';
import { ParseError } from '../../core/http/exceptions';
import { checkOrigin } from '../cookies/request-origin';
import type { LoginPages } from '../identity-providers/login-pages';
import type { Options } from '../options';
import { pathOf } from '../request-target';
import type { Exchange, Sessions } from '../sessions';
import type { SignedIn, SocialWay } from '../ways-in';
import { BearerChallenge } from './bearer-challenge';
import { crossOrigin } from './cross-origin';

/** Enough for the two tokens of an identity provider. */
const jsonBody = { validate: false, options: { limit: '64kb' } };

/** Creates a controller class for one microservice, because an app may have several. */
export function sessionController(options: Options, sessions: Sessions): new () => object {
  @JsonController(options.prefix)
  @UseBefore(crossOrigin(options))
  class SessionController {
    authenticationClasses = [BearerChallenge];
    permissionClasses = [];

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

    /** For a page that was reloaded or returns from a provider. Only pages of an allowed origin can read the answer. */
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

/** Creates the controller for the exchange of provider tokens, if the microservice has an identity provider. */
export function socialExchangeController(options: Options, sessions: Sessions, social: SocialWay): new () => object {
  @JsonController(options.prefix)
  @UseBefore(crossOrigin(options))
  class SocialExchangeController {
    authenticationClasses = [BearerChallenge];
    permissionClasses = [];

    declare request: Request;
    declare response: Response;

    @Post('/social-exchange')
    exchange(@Body(jsonBody) body: unknown): Promise<SignedIn> {
      return sessions.socialExchange(received(this, body, options), social);
    }
  }
  return SocialExchangeController;
}

/** Creates the controller for logins at the providers, with this server as the client. */
export function loginController(options: Options, pages: LoginPages): new () => object {
  @JsonController(options.prefix)
  class LoginController {
    authenticationClasses = [BearerChallenge];
    permissionClasses = [];

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

// The checks that run first at the endpoints for pages, and the fields of every answer (RFC 6749 §5.1: "no-store",
// "no-cache").
function received({ request, response }: Omit<Exchange, 'body'>, body: unknown, options: Options): Exchange {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Pragma', 'no-cache');
  checkOrigin(request, options);
  // Here as well, before a password is checked or a code redeemed: their effects would stay.
  pathOf(options.externalUrl, request);
  // Any page can send a form across origins, so a form is refused, even if a parser of the app has read it.
  if (hasContent(request) && request.is('application/json') === false)
    throw new ParseError('The body must be JSON: application/json');
  return { request, response, body };
}

// RFC 9112 §6: these fields announce a body. An empty one does not count.
function hasContent({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
