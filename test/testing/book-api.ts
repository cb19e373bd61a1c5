/** An API for the tests of the test kit. */
import 'reflect-metadata';
import type { Express, Request, Response } from 'express';
import { Delete, Get, JsonController, Post, Req, Res } from 'routing-controllers';
import {
  AllowAny,
  createExpressServer,
  HasAccessTokenScopes,
  IsSubOwner,
  type AxiomsRequest,
  type AxiomsServerOptions,
  type SettingsInput,
} from 'axioms-routing-controllers';

@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenScopes];
  declare action: string;
  declare request: AxiomsRequest;

  get accessTokenScopes() {
    return [this.action === 'list' ? 'book:read' : 'book:create'];
  }

  @Get('/') list() {
    return { sub: this.request.user?.sub, email: this.request.authJwt?.email, roles: this.request.user?.roles };
  }
  @Post('/') create() {
    return {};
  }
}

@JsonController('/notes')
class NoteController {
  permissionClasses = [IsSubOwner];
  ownerAttribute = 'author';

  getObject() {
    return { author: 'alice' };
  }
  @Delete('/:id') remove() {
    return {};
  }
}

@JsonController('/door')
class DoorController {
  authenticationClasses = [];
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;

  @Get('/') who() {
    return { isAuthenticated: this.request.user?.isAuthenticated, sub: this.request.user?.sub };
  }
  // What this library would not do: a refusal without a challenge.
  @Get('/mute') mute(@Req() _request: Request, @Res() response: Response) {
    return response.status(401).end();
  }
  @Get('/cut') cut(@Res() response: Response) {
    response.destroy();
    return response;
  }
}

export const controllers = [BookController, NoteController, DoorController];

export function bookApi(axioms: SettingsInput, options: Omit<AxiomsServerOptions, 'axioms'> = {}): Express {
  return createExpressServer({ controllers, ...options, axioms });
}
