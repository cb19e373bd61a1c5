/** An API as a user exports it: its options, for an issuer and with rules that the test chooses. */
import 'reflect-metadata';
import { Body, Delete, Get, JsonController, Post } from 'routing-controllers';
import {
  AllowAny,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  IsSubOwner,
  and,
  createExpressServer,
  or,
  type AxiomsRequest,
  type AxiomsServerOptions,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { audience, silentLogger } from '../../issuer/test-issuer';

/** What the test sets before it runs a command. */
export const choice = { issuerUrl: 'http://127.0.0.1:9', scope: 'book:read', handled: 0 };

@JsonController('/books')
class BookController {
  permissionClasses: readonly PermissionRule[] = [HasAccessTokenScopes];
  declare request: AxiomsRequest;
  declare action: string;

  get accessTokenScopes() {
    return this.action === 'list' ? [choice.scope] : ['book:write'];
  }

  @Get() list() {
    choice.handled += 1;
    return [];
  }
  @Post() create(@Body({ validate: false }) book: object) {
    choice.handled += 1;
    return book;
  }
}

@JsonController('/notes')
class NoteController {
  permissionClasses: readonly PermissionRule[] = [or(HasAccessTokenRoles, and(HasAccessTokenScopes, IsSubOwner))];
  accessTokenRoles = ['admin'];
  accessTokenScopes = ['note:write'];
  declare request: AxiomsRequest;

  getObject() {
    return { user: this.request.params.owner };
  }
  @Delete('/:owner') destroy() {
    choice.handled += 1;
    return {};
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  @Get() show() {
    return {};
  }
}

export const controllers = [BookController, NoteController, OpenController];

export function options(): AxiomsServerOptions {
  return { controllers, axioms: { audience, issuerUrl: choice.issuerUrl, logger: silentLogger, jwksPrefetch: false } };
}

export function createApp() {
  return Promise.resolve(createExpressServer(options()));
}

export const nothing = { hello: 'world' };
