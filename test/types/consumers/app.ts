/** An app as a user writes it. */
import 'reflect-metadata';
import express, { type Express, type Request, type Response } from 'express';
import { CurrentUser, Get, JsonController, Param } from 'routing-controllers';
import { Container } from 'typedi';
import {
  AccessTokenUser,
  AccessTokenVerifier,
  AllowAny,
  AnonymousUser,
  ApiController,
  APIException,
  BaseAuthentication,
  BasePermission,
  Claim,
  CurrentObject,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsSubOwner,
  JwksManager,
  Settings,
  and,
  createExpressServer,
  defineSettings,
  not,
  or,
  settingsFromEnv,
  useExpressServer,
  type ApiView,
  type AuthenticationResult,
  type AxiomsRequest,
  type AxiomsServer,
  type AxiomsServerOptions,
  type Claims,
  type JsonValue,
  type RequestAuth,
  type Requirement,
  type SettingsInput,
  type User,
} from 'axioms-routing-controllers';
import { exactly } from './exact';

interface Book {
  readonly id: string;
  readonly user: string;
}

@JsonController('/books')
export class BookController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenScopes, or(and(AllowAny, IsSubOwner), not(AllowAny))];
  declare request: AxiomsRequest;
  declare response: Response;
  declare action: string;

  get accessTokenScopes(): string[] {
    const scopes: Record<string, string[]> = { list: ['book:read'] };
    return scopes[this.action] ?? [];
  }

  async getObject(): Promise<Book | undefined> {
    return { id: String(this.request.params.id), user: this.request.user?.sub ?? '' };
  }

  @Get('/')
  list(@CurrentUser() user: User, @Claim('email') email: JsonValue | undefined) {
    exactly<string | undefined>()(user.sub);
    exactly<boolean>()(user.isAuthenticated);
    exactly<RequestAuth | null>()(this.request.auth);
    exactly<Claims | null>()(this.request.authJwt);
    exactly<string>()(this.request.method);
    return { email };
  }

  @Get('/:id')
  retrieve(@Param('id') _id: string, @CurrentObject() book: Book) {
    return book;
  }
}

@JsonController('/typed')
export class TypedController extends ApiController {
  override permissionClasses = [AllowAny];
  override accessTokenRoles = Promise.resolve(['admin']);

  @Get('/')
  async list() {
    await this.checkObjectPermissions({});
    exactly<string>()(this.action);
    exactly<AxiomsRequest>()(this.request);
    return this.request.user?.claims?.email;
  }
}

export class IsBrave extends BasePermission {
  override message = 'Be brave';
  override code = 'coward';

  override hasPermission(request: Request, controller: ApiView): boolean {
    return request.user?.isAuthenticated === true && controller.action !== 'flee';
  }

  override requirement(): Requirement | undefined {
    return undefined;
  }
}

export class ApiKeyAuthentication extends BaseAuthentication {
  authenticate(request: Request): AuthenticationResult | null {
    const key = request.get('x-api-key');
    return key === undefined ? null : { user: { isAuthenticated: true, sub: key }, auth: { token: key } };
  }

  override authenticateHeader(): string {
    return 'ApiKey';
  }
}

export class OutOfStock extends APIException {
  static override readonly httpCode = 409;
  static override readonly code = 'out_of_stock';
}

const axioms: SettingsInput = { audience: 'https://api.example.com', domain: 'auth.example.com' };
const options: AxiomsServerOptions = { controllers: [BookController, TypedController], axioms, routePrefix: '/api' };

export const created = createExpressServer(options);
export const used = useExpressServer(express(), { controllers: [BookController] });
exactly<Express>()(created);
exactly<Express>()(used);
exactly<Settings>()(defineSettings(axioms));
exactly<SettingsInput>()(settingsFromEnv(process.env));

const server = created.locals.axioms as AxiomsServer;
exactly<JwksManager>()(server.jwksManager);
exactly<void>()(server.close());

export async function services(): Promise<void> {
  const { header, claims } = await Container.get(AccessTokenVerifier).verify('a.b.c');
  exactly<Claims>()(claims);
  exactly<JsonValue | undefined>()(claims.email);
  exactly<JsonValue | undefined>()(header.alg);
  await Container.get(JwksManager).refresh();
  exactly<readonly string[]>()(Container.get(Settings).audience);
}

export const users: User[] = [new AnonymousUser(), { isAuthenticated: true, sub: 'a', scopes: ['b'] }];
export function fromToken(user: AccessTokenUser): Express.User {
  return user;
}
