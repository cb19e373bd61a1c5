import { expect } from 'chai';
import express, { type Request } from 'express';
import { IsDate, IsDateString, IsEnum, IsInt, IsString, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import {
  All,
  Authorized,
  Body,
  BodyParam,
  CookieParam,
  CurrentUser,
  Delete,
  Get,
  Head,
  HeaderParam,
  HttpCode,
  JsonController,
  Method,
  OnUndefined,
  Param,
  Post,
  Put,
  QueryParam,
  QueryParams,
  UploadedFile,
} from 'routing-controllers';
import { OpenAPI, ResponseSchema } from 'routing-controllers-openapi';
import {
  AccessTokenAuthentication,
  AllowAny,
  and,
  ApiController,
  BaseAuthentication,
  BasePermission,
  CurrentObject,
  DenyAll,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasValidAccessToken,
  ImproperlyConfigured,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAuthenticated,
  IsSafeOnly,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  not,
  or,
  SessionAuthentication,
  useExpressServer,
  type AuthenticationResult,
  type AxiomsRequest,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { authenticationClasses } from 'axioms-routing-controllers/decorators';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { openApiDocument, type OpenApiDocument, type OperationObject } from 'axioms-routing-controllers/openapi';
import { Api, type ApiOptions } from '../api';
import { audience, silentLogger } from '../issuer/test-issuer';
import { SeveralIssuers } from '../several-issuers';
import { expectValid } from './openapi-validity';

type Controllers = ApiOptions['controllers'];

/** The document of these controllers, from an issuer that people can sign in at. */
async function documentOf(controllers: Controllers, options: Omit<ApiOptions, 'controllers'> = {}) {
  const api = await Api.start({ controllers, ...options });
  const { url } = api.issuer;
  api.issuer.server.metadata = { authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
  const document = await openApiDocument(api.app).finally(() => api.close());
  await expectValid(document);
  return document;
}

function operation({ paths }: OpenApiDocument, request: string): OperationObject {
  const [method = '', path = ''] = request.split(' ');
  const found = paths[path]?.[method.toLowerCase()];
  if (found === undefined) throw new Error(`There is no ${request} in ${Object.keys(paths).join(', ')}.`);
  return found;
}

const each = (...scopes: string[]) => [{ oauth2: scopes }, { bearer: scopes }];

abstract class Resources extends ApiController {
  @Get('/')
  list(@QueryParam('page') page: number) {
    return [page];
  }

  @Get('/:id')
  retrieve(@CurrentObject() object: object) {
    return object;
  }

  @Delete('/:id')
  @OnUndefined(204)
  destroy() {
    return undefined;
  }

  override getObject() {
    return { user: 'alice' };
  }
}

const scopesOf: Record<string, string[]> = {
  list: ['book:read', 'book:all'],
  retrieve: ['book:read'],
  destroy: ['book:delete'],
};

@JsonController('/books')
class BookController extends Resources {
  override permissionClasses = [HasAccessTokenScopes];
  override get accessTokenScopes() {
    return scopesOf[this.action] ?? ['book:write'];
  }
}

describe('openApiDocument: security', () => {
  it('has a scheme for tokens and one for signing in with PKCE, with all scopes and where they are needed', async () => {
    const { components, openapi } = await documentOf([BookController]);
    const { oauth2, bearer } = components.securitySchemes;
    expect(openapi).to.equal('3.1.0');
    expect(bearer).to.deep.include({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' });
    const { authorizationCode } = oauth2!['flows'] as Record<string, Record<string, unknown>>;
    expect(oauth2!['description']).to.match(/PKCE/);
    expect(authorizationCode!['authorizationUrl']).to.match(/^http:\/\/127\.0\.0\.1:\d+\/authorize$/);
    expect(authorizationCode!['tokenUrl']).to.match(/^http:\/\/127\.0\.0\.1:\d+\/token$/);
    expect(authorizationCode!['scopes']).to.deep.equal({
      'book:all': 'For GET /books',
      'book:delete': 'For DELETE /books/{id}',
      'book:read': 'For GET /books, GET /books/{id}',
    });
  });

  it('lists alternatives for any of some scopes, and inherited handlers with their parameters', async () => {
    const document = await documentOf([BookController]);
    const list = operation(document, 'GET /books');
    expect(list.security).to.deep.equal([...each('book:read'), ...each('book:all')]);
    expect(list.parameters).to.deep.equal([{ in: 'query', name: 'page', required: false, schema: { type: 'number' } }]);
    expect(list.operationId).to.equal('BookController.list');
    expect(list.description).to.equal('Who may: any of the scopes `book:read`, `book:all`.');
    const { parameters } = operation(document, 'DELETE /books/{id}');
    expect(parameters).to.deep.equal([{ in: 'path', name: 'id', required: true, schema: { type: 'string' } }]);
  });

  it('lists one entry for all of some scopes, and each with each for both', async () => {
    @JsonController('/reports')
    class ReportController {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenAllScopes = ['a', 'b'];
      get accessTokenAnyScopes() {
        return this.action === 'both' ? ['c', 'd'] : [];
      }
      declare action: string;

      @Get('/all') all() {
        return {};
      }
      @Get('/both') both() {
        return {};
      }
    }
    const document = await documentOf([ReportController]);
    expect(operation(document, 'GET /reports/all').security).to.deep.equal(each('a', 'b'));
    expect(operation(document, 'GET /reports/both').security).to.deep.equal([
      ...each('c', 'a', 'b'),
      ...each('d', 'a', 'b'),
    ]);
  });

  it('describes what is not a scope in the text: roles, ownership, code, negations', async () => {
    class IsOfficeHours extends BasePermission {
      override hasPermission() {
        return true;
      }
    }

    @JsonController('/notes')
    class NoteController extends Resources {
      override permissionClasses = [
        IsAuthenticated,
        or(and(HasAccessTokenScopes, not(HasAccessTokenRoles)), IsSubOwner),
        IsOfficeHours,
      ];
      override accessTokenScopes = ['note:write'];
      override accessTokenRoles = ['suspended'];
      override ownerAttribute = 'user';
    }
    const { security, description, responses } = operation(await documentOf([NoteController]), 'DELETE /notes/{id}');
    expect(security).to.deep.equal([...each('note:write'), ...each()]);
    for (const words of [
      '`note:write`',
      'not: the role `suspended`',
      'owner of the object (its `user`',
      '`IsOfficeHours`',
    ])
      expect(description).to.contain(words);
    expect(responses).to.include.keys('204', '401', '403', '404', '503');
  });

  it('opens what is open, by the method too', async () => {
    @JsonController('/wiki')
    class WikiController {
      permissionClasses = [or(IsSafeOnly, HasAccessTokenScopes)];
      accessTokenScopes = ['wiki:write'];

      @Get('/') read() {
        return {};
      }
      @Post('/') write() {
        return {};
      }
    }

    @JsonController('/public')
    class PublicController {
      permissionClasses = [AllowAny];

      @Get('/') read() {
        return {};
      }
    }

    @JsonController('/articles')
    class ArticleController {
      authenticationClasses = [IsAnyGetOrIsAccessTokenAuthenticated];

      @Get('/') read() {
        return {};
      }
      @Post('/') write() {
        return {};
      }
    }
    const document = await documentOf([WikiController, PublicController, ArticleController]);
    expect(operation(document, 'GET /wiki').security).to.deep.equal([]);
    expect(operation(document, 'POST /wiki').security).to.deep.equal(each('wiki:write'));
    for (const open of ['GET /public', 'GET /articles']) {
      expect(operation(document, open).security, open).to.deep.equal([]);
      expect(operation(document, open).description).to.equal('Who may: anyone.');
    }
    expect(operation(document, 'POST /articles').security).to.deep.equal(each());
  });

  it('takes a mandatory class for what it is, whatever the permissions say', async () => {
    @JsonController('/closed')
    class ClosedController {
      authenticationClasses = [HasValidAccessToken];
      permissionClasses = [AllowAny];

      @Get('/') read() {
        return {};
      }
    }

    @JsonController('/mine')
    class MineController extends Resources {
      override permissionClasses = [IsSubOwnerOrSafeOnly];
    }
    const document = await documentOf([ClosedController, MineController]);
    for (const request of ['GET /closed', 'GET /mine', 'GET /mine/{id}']) {
      expect(operation(document, request).security, request).to.deep.equal(each());
      expect(operation(document, request).description).to.equal('Who may: any authenticated caller.');
    }
  });

  it('says of code alone that it may do without a token, and of nobody that nobody may', async () => {
    class IsLucky extends BasePermission {
      override hasPermission() {
        return false;
      }
    }

    @JsonController('/luck')
    class LuckController {
      get permissionClasses() {
        return this.action === 'never' ? [DenyAll] : [IsLucky];
      }
      declare action: string;

      @Get('/') draw() {
        return {};
      }
      @Get('/never') never() {
        return {};
      }
    }
    const document = await documentOf([LuckController]);
    expect(operation(document, 'GET /luck').security).to.deep.equal([...each(), {}]);
    expect(operation(document, 'GET /luck/never').security).to.deep.equal(each());
    expect(operation(document, 'GET /luck/never').description).to.equal('Who may: nobody.');
  });

  it('describes more than 32 alternatives in the text alone', async () => {
    @JsonController('/many')
    class ManyController {
      permissionClasses = [HasAccessTokenScopes];
      get accessTokenScopes() {
        return Array.from({ length: this.action === 'most' ? 32 : 33 }, (_, index) => `s${index}`);
      }
      declare action: string;

      @Get('/most') most() {
        return {};
      }
      @Get('/more') more() {
        return {};
      }
    }
    const document = await documentOf([ManyController]);
    expect(operation(document, 'GET /many/most').security).to.have.lengthOf(64);
    const { security, description } = operation(document, 'GET /many/more');
    expect(security).to.deep.equal(each());
    expect(description).to.contain('`s32`').and.contain('more than 32');
  });

  it('says what is decided per request', async () => {
    @JsonController('/tenants')
    class TenantController {
      get permissionClasses() {
        return this.action === 'list'
          ? [this.request.query.all === undefined ? AllowAny : DenyAll]
          : [HasAccessTokenScopes];
      }
      get accessTokenScopes() {
        return [`tenant:${this.request.url.length}`];
      }
      declare request: AxiomsRequest;
      declare action: string;

      @Get('/') list() {
        return {};
      }
      @Get('/:id') show() {
        return {};
      }
    }
    const document = await documentOf([TenantController]);
    expect(operation(document, 'GET /tenants').security).to.deep.equal([...each(), {}]);
    expect(operation(document, 'GET /tenants/{id}').security).to.deep.equal(each());
    for (const request of ['GET /tenants', 'GET /tenants/{id}'])
      expect(operation(document, request).description).to.contain('decided per request');
  });

  it('knows other ways to authenticate: a cookie, other schemes, what a class says of itself', async () => {
    class SessionAuthentication extends BaseAuthentication {
      readonly cookieName = 'sid';
      authenticate(): AuthenticationResult | null {
        return null;
      }
    }

    class ApiKeyAuthentication extends SessionAuthentication {
      override authenticateHeader() {
        return 'ApiKey realm="api"';
      }
    }

    class Described extends SessionAuthentication {
      override securityScheme() {
        return { name: 'signature', scheme: { type: 'apiKey', in: 'header', name: 'X-Signature' } };
      }
    }

    class Odd extends BaseAuthentication {
      authenticate() {
        return null;
      }
      override authenticateHeader(request: Request): string {
        return `Odd realm="${request.socket.remoteAddress ?? ''}"`;
      }
    }

    @JsonController('/jobs')
    class JobController {
      authenticationClasses = [SessionAuthentication, ApiKeyAuthentication, Described, Odd];
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['job:run'];

      @Post('/') run() {
        return {};
      }
    }
    const document = await documentOf([JobController]);
    const { cookie, apikey, signature, Odd: odd, ...others } = document.components.securitySchemes;
    expect(cookie).to.deep.include({ type: 'apiKey', in: 'cookie', name: 'sid' });
    expect(apikey).to.deep.include({ type: 'http', scheme: 'apikey' });
    expect(signature).to.deep.equal({ type: 'apiKey', in: 'header', name: 'X-Signature' });
    expect(odd).to.deep.include({ type: 'http', scheme: 'odd' });
    expect(others).to.deep.equal({});
    const run = operation(document, 'POST /jobs');
    expect(run.security).to.deep.equal(['cookie', 'apikey', 'signature', 'Odd'].map(name => ({ [name]: ['job:run'] })));
    expect(run.responses['401']?.headers?.['WWW-Authenticate']?.example).to.equal('ApiKey realm="api"');
    expect(run.responses).not.to.include.keys('503');
  });

  it("has what @Authorized() and a required @CurrentUser() ask beside the permissions, and an app's own checkers", async () => {
    @JsonController('/legacy')
    class LegacyController {
      permissionClasses = [AllowAny];

      @Authorized() @Get('/authorized') authorized() {
        return {};
      }
      @Authorized('admin') @Get('/roles') roles() {
        return {};
      }
      @Get('/required') required(@CurrentUser({ required: true }) user: object) {
        return user;
      }
      @Get('/optional') optional(@CurrentUser() user: object | undefined) {
        return user ?? {};
      }
    }
    @JsonController('/scoped')
    class ScopedController {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['book:read'];

      @Authorized('admin') @Get('/') list() {
        return [];
      }
    }
    const controllers = [LegacyController, ScopedController];
    const summaryOf = (document: OpenApiDocument, request: string): unknown[] => {
      const { security, description, responses } = operation(document, request);
      return [security, description, '401' in responses, '403' in responses];
    };
    const ours = await documentOf(controllers);
    expect(summaryOf(ours, 'GET /legacy/authorized')).to.deep.equal([
      each(),
      'Who may: any authenticated caller.',
      true,
      false,
    ]);
    expect(summaryOf(ours, 'GET /legacy/roles')).to.deep.equal([each(), 'Who may: the role `admin`.', true, true]);
    expect(summaryOf(ours, 'GET /legacy/required').slice(0, 2)).to.deep.equal([
      each(),
      'Who may: any authenticated caller.',
    ]);
    expect(summaryOf(ours, 'GET /legacy/optional').slice(0, 2)).to.deep.equal([[], 'Who may: anyone.']);
    expect(summaryOf(ours, 'GET /scoped').slice(0, 2)).to.deep.equal([
      each('book:read'),
      'Who may: the scope `book:read`, and the role `admin`.',
    ]);
    const theirs = await documentOf(controllers, { authorizationChecker: () => true, currentUserChecker: () => ({}) });
    expect(summaryOf(theirs, 'GET /legacy/roles').slice(0, 2)).to.deep.equal([
      [...each(), {}],
      'Who may: what `authorizationChecker` decides.',
    ]);
    expect(summaryOf(theirs, 'GET /legacy/required').slice(0, 2)).to.deep.equal([
      [...each(), {}],
      'Who may: what `currentUserChecker` decides.',
    ]);
  });

  it('cannot be talked out of the rules by a decorator', async () => {
    @JsonController('/audits')
    class AuditController {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['audit:read'];

      @Get('/')
      @OpenAPI({ security: [], description: 'All audits.', responses: { 403: { description: 'Not yours' } } })
      list() {
        return [];
      }
    }
    const list = operation(await documentOf([AuditController]), 'GET /audits');
    expect(list.security).to.deep.equal(each('audit:read'));
    expect(list.description).to.equal('All audits.\n\nWho may: the scope `audit:read`.');
    expect(list.responses['403']?.description).to.equal('Not yours');
    expect(list.responses['403']?.headers).to.include.keys('WWW-Authenticate');
  });
});

describe('openApiDocument: refusals', () => {
  it('have the challenges that are sent', async () => {
    class Never extends BaseThrottle {
      allowRequest() {
        return true;
      }
    }

    @JsonController('/papers')
    class PaperController {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['paper:read', 'paper:all'];
      throttleClasses = [Never];

      @Get('/') list() {
        return [];
      }
    }
    const axioms = { realm: 'papers', resourceUrl: 'https://papers.example.com' };
    const api = await Api.start({ controllers: [PaperController], axioms });
    const { responses } = operation(await openApiDocument(api.app), 'GET /papers');
    const [nobody, poor] = [await api.as(null, 'get', '/papers'), await api.as({ scope: 'x' }, 'get', '/papers')];
    await api.close();
    expect(responses['401']?.headers?.['WWW-Authenticate']?.example).to.equal(nobody.headers['www-authenticate']);
    expect(responses['403']?.headers?.['WWW-Authenticate']?.example).to.equal(poor.headers['www-authenticate']);
    expect(responses['429']?.headers).to.include.keys('Retry-After');
    expect(responses['503']?.headers).to.include.keys('Retry-After');
    for (const status of ['401', '403', '429', '503'])
      expect(responses[status]?.content?.['application/json'], status).to.deep.include({
        schema: { $ref: '#/components/schemas/AxiomsRefusal' },
      });
  });

  it('have 403 in place of 401 where no authentication class has a challenge', async () => {
    class Keyed extends AccessTokenAuthentication {
      override authenticateHeader(): string {
        return undefined as unknown as string;
      }
    }

    @JsonController('/sessions')
    class SessionController {
      authenticationClasses = [SessionAuthentication];

      @Get('/') list() {
        return [];
      }
      @Get('/keyed') @authenticationClasses([Keyed]) keyed() {
        return [];
      }
      @Get('/both') @authenticationClasses([SessionAuthentication, AccessTokenAuthentication]) both() {
        return [];
      }
    }
    const api = await Api.start({ controllers: [SessionController] });
    try {
      const document = await openApiDocument(api.app);
      for (const [path, status, other] of [
        ['/sessions', '403', '401'],
        ['/sessions/keyed', '403', '401'],
        ['/sessions/both', '401', '403'],
      ] as const) {
        expect(operation(document, `GET ${path}`).responses)
          .to.include.keys(status)
          .and.not.include.keys(other);
        expect(String((await api.as(null, 'get', path)).status)).to.equal(status);
      }
    } finally {
      await api.close();
    }
  });

  it('are only those that can come', async () => {
    @JsonController('/public')
    class PublicController {
      authenticationClasses = [];
      permissionClasses = [AllowAny];

      @Get('/') read() {
        return {};
      }
    }

    @JsonController('/private')
    class PrivateController {
      @Get('/') read() {
        return {};
      }
    }
    const document = await documentOf([PublicController, PrivateController]);
    expect(Object.keys(operation(document, 'GET /private').responses)).to.deep.equal(['200', '401', '503']);
    expect(Object.keys(operation(document, 'GET /public').responses)).to.deep.equal(['200', '403']);
  });
});

enum Mood {
  calm,
  angry,
}

class Author {
  @IsString() name!: string;
}

class Needy {
  constructor(dependency: { value: string }) {
    this.value = dependency.value;
  }
  @IsString() value: string;
}

class Letter {
  @IsString() text!: string;
  @IsEnum(Mood) mood!: Mood;
  @IsDateString() sent!: string;
  @IsDate() read!: Date;
  @ValidateNested({ each: true }) @Type(() => Author) authors!: Author[];
}

class WithNeedy extends Letter {
  @ValidateNested() @Type(() => Needy) needy!: Needy;
}

class Page {
  @IsInt() page!: number;
}

class Silent {
  text!: string;
}

class Unrelated {
  @IsString() secret!: string;
}

function namesake(): new () => object {
  class Letter {
    @IsString() other!: string;
  }
  return Letter;
}

const OtherLetter = namesake();

@JsonController('/letters')
class LetterController {
  permissionClasses = [AllowAny];

  @Post('/')
  @HttpCode(201)
  @ResponseSchema(Letter, { statusCode: 201 })
  create(@Body() letter: Letter, @HeaderParam('X-Trace') trace: string, @CookieParam('theme') theme: string) {
    return { letter, trace, theme };
  }

  @Put('/:id')
  replace(@Param('id') id: number, @Body({ required: true }) letter: WithNeedy) {
    return { id, letter };
  }

  @Post('/many')
  createMany(@Body({ type: Letter }) letters: Letter[]) {
    return letters;
  }

  @Post('/other')
  other(@Body({ type: OtherLetter }) letter: object) {
    return letter;
  }

  @Post('/silent')
  silent(@Body() body: Silent) {
    return body;
  }

  @Post('/any')
  any(@Body({ validate: false }) body: unknown, @QueryParams({ validate: false }) queries: object) {
    return { body, queries };
  }

  @Get('/pages')
  pages(@QueryParams() page: Page, @QueryParam('since') since: Date) {
    return { page, since };
  }

  @Post('/file')
  upload(@UploadedFile('scan') scan: unknown, @BodyParam('title') title: string) {
    return { scan, title };
  }
}

describe('openApiDocument: what handlers take', () => {
  let document: OpenApiDocument;
  before(async () => {
    document = await documentOf([LetterController]);
  });

  const bodyOf = (request: string): unknown =>
    (operation(document, request).requestBody?.['content'] as Record<string, { schema: unknown }>)['application/json']
      ?.schema;

  it('has bodies by the rules of their classes, nested ones too, in the words of 3.1', () => {
    const { Letter: letter, Author: author } = document.components.schemas;
    expect(bodyOf('POST /letters')).to.deep.equal({ $ref: '#/components/schemas/Letter' });
    expect(letter).to.deep.include({ type: 'object', required: ['text', 'mood', 'sent', 'read', 'authors'] });
    expect(letter!['properties']).to.deep.include({
      text: { type: 'string' },
      mood: { enum: [0, 1] },
      sent: { type: 'string', format: 'date-time' },
      authors: { type: 'array', items: { $ref: '#/components/schemas/Author' } },
    });
    expect(author!['properties']).to.deep.equal({ name: { type: 'string' } });
  });

  it('has lists of them, those of which nothing is known, and any', () => {
    expect(bodyOf('POST /letters/many')).to.deep.equal({
      items: { $ref: '#/components/schemas/Letter' },
      type: 'array',
    });
    expect(bodyOf('POST /letters/silent')).to.deep.equal({ $ref: '#/components/schemas/Silent' });
    expect(document.components.schemas['Silent']).to.deep.equal({ type: 'object' });
    expect(bodyOf('POST /letters/any')).to.deep.equal({});
  });

  it('survives a nested class that cannot be made without its dependencies', () => {
    expect(document.components.schemas).to.include.keys('WithNeedy', 'Needy');
  });

  it('tells two classes of one name apart', () => {
    expect(bodyOf('POST /letters/other')).to.deep.equal({ $ref: '#/components/schemas/Letter2' });
    expect(document.components.schemas['Letter2']!['properties']).to.deep.equal({ other: { type: 'string' } });
    expect(document.components.schemas['Letter']!['properties']).not.to.include.keys('other');
  });

  it('tells nothing of classes that no handler takes', () => {
    expect(new Unrelated()).to.be.an('object');
    expect(document.components.schemas).not.to.include.keys('Unrelated');
  });

  it('has query, header and cookie parameters, and dates', () => {
    expect(operation(document, 'GET /letters/pages').parameters).to.deep.equal([
      { in: 'query', name: 'since', required: false, schema: { $ref: '#/components/schemas/Date' } },
      { in: 'query', name: 'page', required: true, schema: { type: 'integer' } },
    ]);
    expect(document.components.schemas['Date']).to.deep.equal({ type: 'string', format: 'date-time' });
    expect(operation(document, 'POST /letters').parameters).to.deep.equal([
      { in: 'header', name: 'X-Trace', required: false, schema: { type: 'string' } },
      { in: 'cookie', name: 'theme', required: false, schema: { type: 'string' } },
    ]);
  });

  it('has uploads', () => {
    const { content } = operation(document, 'POST /letters/file').requestBody as Record<
      string,
      Record<string, unknown>
    >;
    expect(content!['multipart/form-data']).to.deep.equal({
      schema: {
        type: 'object',
        properties: {
          scan: { type: 'string', contentMediaType: 'application/octet-stream' },
          title: { type: 'string' },
        },
        required: [],
      },
    });
  });

  it('has the answers of the decorators', () => {
    const { responses } = operation(document, 'POST /letters');
    expect(responses).to.include.keys('201').and.not.include.keys('200');
    expect(responses['201']?.content).to.deep.equal({
      'application/json': { schema: { $ref: '#/components/schemas/Letter' } },
    });
  });
});

describe('openApiDocument: routes', () => {
  it('has every method of an @All route, each with its own rule', async () => {
    @JsonController('/proxy')
    class ProxyController {
      permissionClasses = [or(IsSafeOnly, HasAccessTokenScopes)];
      accessTokenScopes = ['proxy:write'];

      @Get('/x') own() {
        return {};
      }
      @All('/x') forward() {
        return {};
      }
    }
    const document = await documentOf([ProxyController]);
    const item = document.paths['/proxy/x']!;
    // The earlier handler of GET takes HEAD.
    expect(Object.keys(item).sort()).to.deep.equal(['delete', 'get', 'options', 'patch', 'post', 'put', 'trace']);
    expect(item['get']!.operationId).to.equal('ProxyController.own');
    expect(item['options']!.security).to.deep.equal([]);
    expect(item['post']!.security).to.deep.equal(each('proxy:write'));
  });

  it('has regex routes and wildcards, two of one form too', async () => {
    @JsonController('/files')
    class FileController {
      permissionClasses = [HasAccessTokenScopes];
      get accessTokenScopes() {
        return [`file:${this.action}`];
      }
      declare action: string;

      @Get(/\/\d+/) byNumber() {
        return {};
      }
      @Get(/\/[a-z]+/) byName() {
        return {};
      }
    }
    const document = await documentOf([FileController], { routePrefix: '/api' });
    const first = operation(document, 'GET /api/files/{match}');
    const second = operation(document, 'GET /api/files/{match}#FileController.byName');
    expect(first.security).to.deep.equal(each('file:byNumber'));
    expect(first.description).to.contain('\\d+');
    expect(second.security).to.deep.equal(each('file:byName'));
    expect(second.description).to.contain('Another handler is registered before');
  });

  it('calls parameters of one path by one name', async () => {
    @JsonController('/books')
    class NamesController {
      @Get('/:id') get(@Param('id') id: number) {
        return { id };
      }
      @Put('/:bookId') put(@Param('bookId') bookId: number) {
        return { bookId };
      }
    }
    const document = await documentOf([NamesController]);
    expect(Object.keys(document.paths)).to.deep.equal(['/books/{id}']);
    expect(operation(document, 'PUT /books/{id}').parameters).to.deep.equal([
      { in: 'path', name: 'id', required: true, schema: { type: 'number' } },
    ]);
  });

  it('has HEAD, and methods that OpenAPI 3.1 has no place for', async () => {
    @JsonController('/cache')
    class CacheController {
      @Head('/') peek() {
        return {};
      }
      @Method('purge', '/') purge() {
        return {};
      }
    }
    const { paths } = await documentOf([CacheController]);
    expect(paths['/cache']!['head']!.operationId).to.equal('CacheController.peek');
    expect(paths['/cache']!['x-additionalOperations']).to.have.property('PURGE');
  });

  it('has every server of the app, and of that app alone', async () => {
    @JsonController('/books')
    class BooksOfB {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['b:read'];

      @Get('/') list() {
        return [];
      }
    }
    const axioms: SettingsInput = {
      audience,
      jwksUrl: 'http://127.0.0.1:9/keys',
      jwksPrefetch: false,
      logger: silentLogger,
    };
    const app = express();
    const servers = [
      [app, { routePrefix: '/a', controllers: [BookController], axioms }],
      [app, { routePrefix: '/b', controllers: [BooksOfB], axioms: { ...axioms, realm: 'b' } }],
      [express(), { routePrefix: '/c', controllers: [BooksOfB], axioms }],
    ] as const;
    const closers = servers.map(([one, options]) => {
      useExpressServer(one, { ...options, controllers: [...options.controllers] });
      return one.locals.axioms as AxiomsServer;
    });
    const document = await openApiDocument(app);
    closers.forEach(one => {
      one.close();
    });
    await expectValid(document);
    expect(Object.keys(document.paths)).to.deep.equal(['/a/books', '/a/books/{id}', '/b/books']);
    expect(operation(document, 'GET /a/books').security).to.deep.equal([
      { bearer: ['book:read'] },
      { bearer: ['book:all'] },
    ]);
    expect(operation(document, 'GET /b/books').security).to.deep.equal([{ bearer: ['b:read'] }]);
    const { headers } = operation(document, 'GET /b/books').responses['401']!;
    expect(headers?.['WWW-Authenticate']?.example).to.equal('Bearer realm="b", scope="b:read"');
  });

  it('has a scheme for each of several issuers', async () => {
    const api = await SeveralIssuers.start({ each: [{}, {}], controllers: [BookController] });
    const urls = api.issuers.map(({ server, url }) => {
      server.metadata = { authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
      return url;
    });
    const document = await openApiDocument(api.app).finally(() => api.close());
    await expectValid(document);
    const names = Object.keys(document.components.securitySchemes);
    expect(names).to.have.lengthOf(3);
    for (const url of urls)
      expect(JSON.stringify(document.components.securitySchemes)).to.contain(`"authorizationUrl":"${url}/authorize"`);
    expect(operation(document, 'DELETE /books/{id}').security).to.deep.equal(
      names.map(name => ({ [name]: ['book:delete'] })),
    );
  });

  it('refuses an app that has no server', async () => {
    const error = await openApiDocument(express()).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(ImproperlyConfigured);
    expect((error as Error).message).to.contain('useExpressServer');
  });

  it('takes info, servers and what scopes mean from the options', async () => {
    const api = await Api.start({ controllers: [BookController] });
    const { url } = api.issuer;
    api.issuer.server.metadata = { authorization_endpoint: `${url}/a`, token_endpoint: `${url}/t` };
    const info = { title: 'Books', version: '2.0.0' };
    const servers = [{ url: 'https://api.example.com' }];
    const document = await openApiDocument(api.app, { info, servers, scopes: { 'book:read': 'Read books' } });
    await api.close();
    await expectValid(document);
    expect(document).to.deep.include({ info, servers });
    expect(JSON.stringify(document)).to.contain('"book:read":"Read books"');
  });
});
