/** The endpoints of a login at a provider. */
import type { Request, Response } from 'express';
import { Get, JsonController, Param } from 'routing-controllers';
import type { LoginPages } from '../identity-providers/login-pages';
import { BearerChallenge } from './bearer-challenge';

/** `GET {prefix}/login/:provider` and `GET {prefix}/callback/:provider`; each microservice has a class of its own. */
export function loginController(prefix: string, pages: LoginPages): new () => object {
  @JsonController(prefix)
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
