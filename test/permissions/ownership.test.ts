import { expect } from 'chai';
import type { Response } from 'express';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  All,
  Delete,
  Get,
  HttpCode,
  JsonController,
  Patch,
  Post,
  Put,
  UseBefore,
  type ExpressMiddlewareInterface,
} from 'routing-controllers';
import { Service } from 'typedi';
import {
  AllowAny,
  ApiController,
  BaseAuthentication,
  CurrentObject,
  HasAccessTokenScopes,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  and,
  not,
  or,
  type ApiView,
  type AuthenticationResult,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { matches } from 'axioms-routing-controllers/filters';
import { Api, type Method } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectHeadRefusal, expectRefusal } from '../refusals';
import { startError, startWarnings } from '../start-error';
import { thingController } from './thing-controller';

class Article {
  constructor(readonly subject: unknown) {}
  get user() {
    return this.subject;
  }
}

class Derived extends Article {}

class WithValueOnPrototype {
  declare user: string;
}
WithValueOnPrototype.prototype.user = 'alice';

class WithSetterOnly {
  set user(_name: string) {
    throw new Error('not read');
  }
}

const withoutPrototype = Object.assign(Object.create(null) as object, { user: 'alice' });

describe('who owns an object', () => {
  interface Case {
    readonly title: string;
    readonly object: unknown;
    readonly attribute?: string;
    readonly sub?: string;
    readonly status: 200 | 403 | 404 | 500;
  }
  const own = (user: unknown) => ({ user });
  const cases: readonly Case[] = [
    { title: 'the same text', object: own('alice'), status: 200 },
    { title: 'another text', object: own('bob'), status: 403 },
    { title: 'text in another case', object: own('Alice'), status: 403 },
    { title: 'text with a space', object: own('alice '), status: 403 },
    { title: 'the beginning of it', object: own('alic'), status: 403 },
    { title: 'empty text', object: own(''), status: 403 },
    { title: 'a safe integer', object: own(42), sub: '42', status: 200 },
    { title: 'zero', object: own(0), sub: '0', status: 200 },
    { title: 'a negative integer', object: own(-7), sub: '-7', status: 200 },
    { title: 'another integer', object: own(43), sub: '42', status: 403 },
    { title: 'an integer and other decimals of it', object: own(42), sub: '42.0', status: 403 },
    { title: 'an integer and hexadecimal digits', object: own(42), sub: '0x2a', status: 403 },
    { title: 'the largest safe integer', object: own(9007199254740991), sub: '9007199254740991', status: 200 },
    { title: 'an unsafe integer', object: own(9007199254740992), sub: '9007199254740992', status: 403 },
    { title: 'a fraction', object: own(1.5), sub: '1.5', status: 403 },
    { title: 'NaN', object: own(NaN), sub: 'NaN', status: 403 },
    { title: 'Infinity', object: own(Infinity), sub: 'Infinity', status: 403 },
    { title: 'a bigint', object: own(9007199254740993n), sub: '9007199254740993', status: 200 },
    { title: 'another bigint', object: own(9007199254740993n), sub: '9007199254740992', status: 403 },
    { title: 'null', object: own(null), sub: 'null', status: 403 },
    { title: 'undefined', object: own(undefined), sub: 'undefined', status: 403 },
    { title: 'the text null', object: own('null'), sub: 'null', status: 200 },
    { title: 'true', object: own(true), sub: 'true', status: 403 },
    { title: 'false', object: own(false), sub: 'false', status: 403 },
    { title: 'a list of it', object: own(['alice']), status: 403 },
    { title: 'an empty list', object: own([]), sub: 'x', status: 403 },
    { title: 'an object', object: own({}), sub: '[object Object]', status: 403 },
    { title: 'an object that prints as it', object: own({ toString: () => 'alice' }), status: 403 },
    { title: 'a String object', object: own(Object('alice')), status: 403 },
    { title: 'a Number object', object: own(Object(42)), sub: '42', status: 403 },
    { title: 'a symbol', object: own(Symbol('alice')), status: 403 },
    { title: 'a function', object: own(() => 'alice'), status: 403 },
    { title: 'a promise of it', object: own(Promise.resolve('alice')), status: 500 },
    {
      title: 'a getter of its own',
      object: {
        get user() {
          return 'alice';
        },
      },
      status: 200,
    },
    { title: 'an accessor of its class', object: new Article('alice'), status: 200 },
    { title: "an accessor of its class with another's name", object: new Article('bob'), status: 403 },
    { title: 'an accessor of a base class', object: new Derived('alice'), status: 200 },
    { title: 'an object without a prototype', object: withoutPrototype, status: 200 },
    { title: 'another attribute', object: { writer: 'alice', user: 'bob' }, attribute: 'writer', status: 200 },
    { title: "another's other attribute", object: { writer: 'bob', user: 'alice' }, attribute: 'writer', status: 403 },
    { title: 'no such attribute', object: { owner: 'alice' }, status: 500 },
    { title: 'an empty object', object: {}, status: 500 },
    { title: 'a value on the prototype', object: new WithValueOnPrototype(), status: 500 },
    { title: 'a setter without a getter', object: new WithSetterOnly(), status: 500 },
    { title: 'what every object has', object: {}, attribute: 'constructor', status: 500 },
    { title: 'the prototype', object: {}, attribute: '__proto__', status: 500 },
    { title: 'a method of every object', object: {}, attribute: 'toString', status: 500 },
    { title: 'the name of a related object', object: { user: { id: 'alice' } }, attribute: 'user.id', status: 200 },
    { title: "another's related object", object: { user: { id: 'bob' } }, attribute: 'user.id', status: 403 },
    { title: 'a related object that is null', object: { user: null }, attribute: 'user.id', status: 403 },
    { title: 'a related object that was not loaded', object: { id: 1 }, attribute: 'user.id', status: 500 },
    { title: 'a list of related objects', object: { user: [{ id: 'alice' }] }, attribute: 'user.id', status: 500 },
    { title: 'a path of three names', object: { a: { b: { c: 'alice' } } }, attribute: 'a.b.c', status: 500 },
    { title: 'text instead of an object', object: 'alice', status: 500 },
    { title: 'a number instead of an object', object: 42, sub: '42', status: 500 },
    { title: 'false instead of an object', object: false, status: 500 },
    { title: 'an empty attribute name', object: own('alice'), attribute: '', status: 500 },
    {
      title: 'an attribute that throws',
      object: {
        get user() {
          throw new Error('secret');
        },
      },
      status: 500,
    },
    { title: 'null instead of an object', object: null, status: 404 },
    { title: 'undefined instead of an object', object: undefined, status: 404 },
  ];
  const errors = { 403: 'permission_denied', 404: 'not_found', 500: 'server_error' };

  class Owned {
    permissionClasses: readonly object[] = [IsSubOwner];
    declare request: ApiView['request'];

    get ownerAttribute() {
      return this.case.attribute;
    }
    get case(): Case {
      return cases[Number(this.request.params.index)]!;
    }
  }

  @JsonController('/loaded')
  class LoadedController extends Owned {
    getObject() {
      return this.case.object;
    }
    @Get('/:index') retrieve(@CurrentObject() object: unknown) {
      return { isTheObject: object === this.case.object };
    }
  }

  @JsonController('/checked')
  class CheckedController extends Owned {
    declare checkObjectPermissions: ApiView['checkObjectPermissions'];
    @Get('/:index') async retrieve() {
      await this.checkObjectPermissions(this.case.object);
      return { isTheObject: true };
    }
  }

  @JsonController('/negated')
  class NegatedController extends Owned {
    override permissionClasses = [not(IsSubOwner)];
    getObject() {
      return this.case.object;
    }
    @Get('/:index') retrieve() {
      return {};
    }
  }

  @JsonController('/safe-only')
  class SafeOnlyController extends Owned {
    override permissionClasses = [IsSubOwnerOrSafeOnly];
    getObject() {
      return this.case.object;
    }
    @Delete('/:index') destroy() {
      return {};
    }
  }

  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [LoadedController, CheckedController, NegatedController, SafeOnlyController],
    });
  });
  after(() => api.close());

  cases.forEach(({ title, object, sub = 'alice', status }, index) => {
    it(`${title}: ${status}`, async () => {
      const loaded = await api.as({ sub }, 'get', `/loaded/${index}`);
      if (status === 200) expect([loaded.status, loaded.body]).to.deep.equal([200, { isTheObject: true }]);
      else expectRefusal(loaded, errors[status]);
      expect(loaded.text).not.to.include('secret');
      expect((await api.as({ sub }, 'delete', `/safe-only/${index}`)).status).to.equal(status);
      const isAbsent = object === null || object === undefined;
      expect((await api.as({ sub }, 'get', `/checked/${index}`)).status).to.equal(isAbsent ? 500 : status);
      const negated = { 200: 403, 403: 200, 404: 404, 500: 500 }[status];
      expect((await api.as({ sub }, 'get', `/negated/${index}`)).status).to.equal(negated);
    });
  });
});

describe('ownership rules', () => {
  class TicketAuthentication extends BaseAuthentication {
    authenticate(request: ApiView['request']): AuthenticationResult | null {
      const said = request.get('X-Ticket');
      return said === undefined ? null : (JSON.parse(said) as AuthenticationResult);
    }
  }

  const loads: string[] = [];
  class Books {
    permissionClasses: readonly object[] = [IsSubOwner];
    declare request: ApiView['request'];
    declare action: string;
    declare checkObjectPermissions: ApiView['checkObjectPermissions'];

    async getObject(): Promise<object | undefined> {
      loads.push(this.action);
      await Promise.resolve();
      const { id } = this.request.params;
      if (id === 'broken') throw new Error('secret');
      return id === 'missing' ? undefined : { user: id, title: 'T' };
    }
  }

  @JsonController('/books')
  class BookController extends Books {
    unfilteredActions = ['list'];

    @Get('/') list() {
      return { loads: loads.length };
    }
    @Post('/') create() {
      return { loads: loads.length };
    }
    @Get('/:id') retrieve(@CurrentObject() book: { title: string }, @CurrentObject() again: object) {
      return { title: book.title, isSame: book === again };
    }
    @Put('/') replaceAll() {
      return {};
    }
    @Delete('/') removeAll() {
      return {};
    }
    @Patch('/') patchAll() {
      return {};
    }
    @Post('/:id/publish') publish() {
      return {};
    }
    @Get(/\/by-number\/\d+/) byNumber() {
      return {};
    }
  }

  @JsonController('/anything')
  class AnythingController extends Books {
    declare authorizedFilter: ApiView['authorizedFilter'];

    // PUT, PATCH and DELETE are about one object, and the other methods answer a list.
    @All('/') async serve() {
      matches(await this.authorizedFilter(), { user: 'bob' });
      return {};
    }
  }

  @JsonController('/shelves/:id')
  class ShelfController extends Books {
    unfilteredActions = ['list'];

    @Get('/') list() {
      return {};
    }
    @Delete('/') removeAll() {
      return {};
    }
  }

  @JsonController('/explicit')
  class ExplicitController extends Books {
    objectActions = ['search', 'update'];
    notObjectActions = ['destroyAll'];
    unfilteredActions = ['preview'];

    @Get('/search') search() {
      return {};
    }
    @Get('/preview/:id') preview() {
      return {};
    }
    @Get('/:id') retrieve() {
      return {};
    }
    @Put('/:id') update() {
      return {};
    }
    @Delete('/:id') destroy() {
      return {};
    }
    @Delete('/') destroyAll() {
      return {};
    }
  }

  @JsonController('/no-objects')
  class NoObjectsController extends Books {
    objectActions = [];

    @Put('/:id') update() {
      return {};
    }
  }

  @JsonController('/excluded')
  class ExcludedController extends Books {
    notObjectActions = ['serve'];
    unfilteredActions = ['serve'];

    @All('/:id') serve() {
      return {};
    }
  }

  @JsonController('/inheriting')
  class InheritingController extends ExplicitController {}

  @JsonController('/safe')
  class SafeController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [IsSubOwnerOrSafeOnly];
    override get safeMethods() {
      return ['GET'];
    }
    @Get('/:id') async retrieve() {
      await Promise.all([
        this.checkObjectPermissions({ user: this.request.params.id }),
        this.checkObjectPermissions({ user: 'somebody' }),
      ]);
      return { method: this.request.method };
    }
    @Put('/:id') async update() {
      await this.checkObjectPermissions({ user: this.request.params.id });
      return {};
    }
  }

  @JsonController('/tickets')
  class TicketController extends Books {
    authenticationClasses = [TicketAuthentication];
    @Get('/:id') retrieve() {
      return {};
    }
  }

  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [
        BookController,
        AnythingController,
        ShelfController,
        ExplicitController,
        NoObjectsController,
        ExcludedController,
        InheritingController,
        SafeController,
        TicketController,
      ],
    });
  });
  beforeEach(() => (loads.length = 0));
  after(() => api.close());

  it('getObject is called once, after the permissions and before the handler, and its object is injected', async () => {
    const response = await api.as({}, 'get', '/books/alice');
    expect(response.body).to.deep.equal({ title: 'T', isSame: true });
    expect(loads).to.deep.equal(['retrieve']);
    expectRefusal(await api.as(null, 'get', '/books/alice'), 'not_authenticated');
    expect(loads).to.have.length(1);
    expectRefusal(await api.as({}, 'get', '/books/bob'), 'permission_denied');
  });

  it('an object that is not there is a 404, one that cannot be loaded a 500', async () => {
    expectRefusal(await api.as({}, 'get', '/books/missing'), 'not_found');
    const broken = await api.as({}, 'get', '/books/broken');
    expectRefusal(broken, 'server_error');
    expect(broken.text).not.to.include('secret');
  });

  const actions: readonly [method: Method, path: string, isObjectAction: boolean][] = [
    ['get', '/books', false],
    ['post', '/books', false],
    ['put', '/books', true],
    ['patch', '/books', true],
    ['delete', '/books', true],
    ['post', '/books/bob/publish', true],
    ['get', '/books/by-number/7', true],
    ['get', '/anything', false],
    ['post', '/anything', false],
    ['put', '/anything', true],
    ['patch', '/anything', true],
    ['delete', '/anything', true],
    ['get', '/shelves/bob', false],
    ['get', '/explicit/search', true],
    ['get', '/explicit/bob', true],
    ['put', '/explicit/bob', true],
    ['delete', '/explicit/bob', true],
    ['get', '/explicit/preview/bob', false],
    ['delete', '/explicit', false],
    ['put', '/no-objects/bob', true],
    ['get', '/excluded/bob', false],
    ['put', '/excluded/bob', false],
    ['get', '/inheriting/search', true],
    ['delete', '/inheriting/bob', true],
    ['delete', '/inheriting', false],
  ];
  for (const [method, path, isObjectAction] of actions) {
    it(`${method.toUpperCase()} ${path} is ${isObjectAction ? '' : 'not '}about one object`, async () => {
      const response = await api.as({ sub: 'mallory' }, method, path);
      // Without an id getObject gives an object that nobody owns.
      expect(response.status).to.equal(isObjectAction ? 403 : 200);
      expect(loads).to.have.length(isObjectAction ? 1 : 0);
      expect((await api.as(null, method, path)).status).to.equal(401);
    });
  }

  it('HEAD is as GET, in the handler too, which sees HEAD', async () => {
    expect((await api.as({}, 'get', '/safe/bob')).body).to.deep.equal({ method: 'GET' });
    expect((await api.as({}, 'head', '/safe/bob')).status).to.equal(200);
    expectHeadRefusal(await api.as(null, 'head', '/safe/bob'), 'not_authenticated');
    expectHeadRefusal(await api.as({}, 'head', '/books/bob'), 'permission_denied');
    expectRefusal(await api.as({}, 'put', '/safe/bob'), 'permission_denied');
    expect((await api.as({}, 'put', '/safe/alice')).status).to.equal(200);
  });

  const tickets: readonly [title: string, status: number, result: object][] = [
    ['whose user has the sub', 200, { user: { isAuthenticated: true, sub: 'alice' } }],
    ['whose claims have the sub', 200, { user: { isAuthenticated: true }, auth: { claims: { sub: 'alice' } } }],
    ['whose user has another sub', 403, { user: { isAuthenticated: true, sub: 'bob' } }],
    ['that has no sub', 403, { user: { isAuthenticated: true } }],
    ['whose sub is empty', 403, { user: { isAuthenticated: true, sub: '' }, auth: { claims: { sub: 'alice' } } }],
    ['whose sub is a list', 403, { user: { isAuthenticated: true, sub: ['alice'] } }],
  ];
  for (const [title, status, result] of tickets) {
    it(`another authentication class, ${title}: ${status}`, async () => {
      const response = await api.as(null, 'get', '/tickets/alice').set('X-Ticket', JSON.stringify(result));
      expect(response.status).to.equal(status);
    });
  }

  it('wrong objectActions stop the start', () => {
    const wrong: readonly [objectActions: unknown, said: RegExp][] = [
      [['retrieve', 'publsh'], /'publsh', which is no handler.*retrieve/],
      [[7], /objectActions/],
    ];
    for (const [objectActions, said] of wrong) {
      @JsonController('/wrong')
      class WrongController {
        permissionClasses = [IsSubOwner];
        objectActions = objectActions;
        @Get('/:id') retrieve() {
          return {};
        }
      }
      expect(startError(WrongController)).to.match(said).and.include('WrongController');
    }
  });

  for (const member of ['ownerAttribute', 'ownerIssuerAttribute']) {
    for (const attribute of ['', 7, ['user'], null]) {
      const isDefault = member === 'ownerAttribute' && attribute === null;
      it(`${member} = ${JSON.stringify(attribute)} ${isDefault ? 'is the default' : 'stops the start'}`, () => {
        const start = () => startError(thingController('/t', { permissionClasses: [IsSubOwner], [member]: attribute }));
        if (isDefault) expect(start).to.throw('It started.');
        else
          expect(start()).to.contain(`ThingController.${member} must be the name of the property that names the owner`);
      });
    }
  }

  it('objectActions that look at the request stop the start', () => {
    @JsonController('/wrong')
    class FickleController {
      permissionClasses = [IsSubOwner];
      declare request: ApiView['request'];
      get objectActions() {
        return this.request.query.all === undefined ? ['search'] : [];
      }
      @Get('/search') search() {
        return {};
      }
    }
    expect(startError(FickleController))
      .to.include('FickleController.search')
      .and.include('may not look at the request');
  });

  it('@CurrentObject() without a getObject, or at a list action, stops the start', () => {
    @JsonController('/wrong')
    class UnloadedController {
      permissionClasses = [IsSubOwner];
      @Get('/:id') retrieve(@CurrentObject() object: object) {
        return object;
      }
    }
    expect(startError(UnloadedController)).to.include('UnloadedController.retrieve').and.include('getObject()');
    @JsonController('/wrong')
    class ListController {
      permissionClasses = [IsSubOwner];
      getObject() {
        return {};
      }
      @Get('/') list(@CurrentObject() object: object) {
        return object;
      }
    }
    expect(startError(ListController)).to.include('ListController.list').and.include('objectActions');
  });

  it('a change without getObject() is warned of, a reading is not', () => {
    @JsonController('/change')
    class ChangeController {
      permissionClasses = [IsSubOwner];
      @Put('/:id') update() {
        return {};
      }
    }
    @JsonController('/read')
    class ReadController {
      permissionClasses = [IsSubOwner];
      @Get('/:id') retrieve() {
        return {};
      }
    }
    expect(startWarnings(ChangeController)).to.include('ChangeController.update').and.include('getObject()');
    expect(startWarnings(ReadController)).to.equal('');
  });
});

describe('an object rule that was never asked', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ownership-'));
  const file = join(folder, 'file.txt');
  writeFileSync(file, 'secret');
  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** Resolved when a handler that goes on after its answer is done. */
  let finished: () => void = () => undefined;

  // Each gives away a secret, in one way; the handler has set a secret header and cookie before.
  const answers: Readonly<Record<string, (response: Response) => unknown>> = {
    'returns a value': () => ({ secret: true }),
    'returns null, a 204': () => null,
    'returns text': () => 'secret',
    'returns a stream': () => Readable.from(['secret']),
    'returns a buffer': () => Buffer.from('secret'),
    'writes json': response => response.json({ secret: true }),
    'writes json and a 201': response => response.status(201).json({ secret: true }),
    'sends text': response => response.send('secret'),
    'sends a status': response => response.sendStatus(202),
    'ends with text': response => response.end('secret'),
    'ends with nothing': response => response.status(204).end(),
    'writes and ends': response => {
      response.write('secret');
      response.write('secret');
      return response.end('secret');
    },
    'waits for what it writes': async response => {
      await new Promise<void>(written =>
        response.write('secret', () => {
          written();
        }),
      );
      await new Promise<void>(ended =>
        response.end('secret', () => {
          ended();
        }),
      );
      return response;
    },
    'writes a head and ends': response => response.writeHead(200, { 'X-Secret': 'secret' }).end('secret'),
    'writes a head with a reason': response => response.writeHead(200, 'secret').end('secret'),
    'writes a head with another status than before': response => response.status(500).writeHead(200).end('secret'),
    'writes a head of an interim response': response => response.writeHead(199, { 'X-Secret': 'secret' }).end(),
    'flushes its headers': response => {
      response.flushHeaders();
      return response.end('secret');
    },
    'sends early hints': response => {
      response.writeEarlyHints({ link: '</secret>; rel=preload', 'x-secret': 'secret' });
      return response.end('secret');
    },
    'pipes a stream': response => Readable.from(['secret', 'secret']).pipe(response),
    'pipes a stream in the end': async response => {
      await pipeline(Readable.from(['secret', 'secret']), new PassThrough(), response);
      return response;
    },
    'sends a file': response =>
      new Promise<Response>(sent => {
        response.sendFile(file, () => {
          sent(response);
        });
        finished = () => {
          sent(response);
        };
      }),
    'offers a download': response => {
      response.download(file);
      return response;
    },
    redirects: response => {
      response.redirect('/secret');
      return response;
    },
    'answers that nothing changed': response => {
      response.set('ETag', '"secret"');
      return response.status(200).send('secret');
    },
    'answers later': async response => {
      await Promise.resolve();
      return response.json({ secret: true });
    },
    'trails a header': response => {
      response.set('Trailer', 'X-Secret');
      response.addTrailers({ 'X-Secret': 'secret' });
      return response.end('secret');
    },
  };
  const names = Object.keys(answers);

  @Service()
  class EarlierHeaders implements ExpressMiddlewareInterface {
    use(_request: unknown, response: Response, next: () => void) {
      response.setHeader('X-Earlier', 'kept');
      response.setHeader('Set-Cookie', ['earlier=1']);
      next();
    }
  }

  @JsonController('/held')
  @UseBefore(EarlierHeaders)
  class HeldController {
    permissionClasses: readonly object[] = [IsSubOwner];
    declare request: ApiView['request'];
    declare response: ApiView['response'];
    declare checkObjectPermissions: ApiView['checkObjectPermissions'];

    private async answer(): Promise<unknown> {
      const { ask, owner = 'alice' } = this.request.query;
      if (ask === 'before') await this.checkObjectPermissions({ user: owner });
      const { response } = this;
      response.set('X-Secret', 'secret').cookie('secret', '1');
      response.appendHeader('Set-Cookie', 'secret=2');
      response.statusMessage = 'secret';
      const result = await answers[names[Number(this.request.params.name)]!]!(response);
      if (ask === 'after') await this.checkObjectPermissions({ user: owner });
      return result;
    }

    @Get('/returned/:name') retrieve() {
      return this.answer();
    }
    @Put('/returned/:name') update() {
      return this.answer();
    }
    @Get('/caught/:name') async caught() {
      const response = this.response;
      try {
        await this.checkObjectPermissions({ user: 'bob' });
      } catch {
        response.set('X-Secret', 'secret');
      }
      return this.answer();
    }
  }

  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [HeldController], axioms: { logger } });
  });
  beforeEach(() => {
    logger.entries.length = 0;
    finished = () => undefined;
  });
  after(() => api.close());

  names.forEach((name, index) => {
    it(`is a 500, and nothing leaves, of a handler that ${name}`, async () => {
      for (const [method, path] of [
        ['get', `/held/returned/${index}`],
        ['put', `/held/returned/${index}`],
        ['get', `/held/caught/${index}`],
      ] as const) {
        const response = await api.as({}, method, path).set('If-None-Match', '"secret"');
        finished();
        expectRefusal(response, 'server_error');
        expect(JSON.stringify([response.headers, response.text])).not.to.match(/secret/i);
        expect(response.headers['x-earlier']).to.equal('kept');
        expect(response.headers['set-cookie']).to.deep.equal(['earlier=1']);
      }
      expect(logger.text('error')).to.include('HeldController.retrieve').and.include('getObject()');
      expectHeadRefusal(await api.as({}, 'head', `/held/returned/${index}`), 'server_error');
      finished();
    });
  });

  it('is a 500, too, where the rule is asked only after the answer', async () => {
    const begun = names.filter(name => /^(?:writes|sends text|sends a status|ends|flushes|redirects)/.test(name));
    expect(begun).to.have.length(13);
    for (const name of begun) {
      const response = await api.as({}, 'get', `/held/returned/${names.indexOf(name)}?ask=after`);
      expectRefusal(response, 'server_error');
      expect(JSON.stringify([response.headers, response.text])).not.to.match(/secret/i);
    }
  });

  it('lets the same handlers answer once the rule has been asked, and holds', async () => {
    const silent = ['writes a head of an interim response', 'sends early hints'];
    for (const [index, name] of names.entries()) {
      if (silent.includes(name)) continue;
      const path = `/held/returned/${index}?ask=before`;
      const response = await api.as({}, 'get', path);
      expect(response.status, name).to.be.below(400);
      expect(JSON.stringify([response.headers, response.text]), name).to.match(/secret/);
      expectRefusal(await api.as({}, 'get', `${path}&owner=bob`), 'permission_denied');
    }
    expect(logger.text('error')).to.equal('');
  });

  it('does not let the reason of the status line leave', async () => {
    const server = api.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { Authorization: `Bearer ${api.issuer.token()}` };
    const ask = async (path: string) => {
      const [message] = (await once(get({ port, host: '127.0.0.1', path, agent, headers }), 'response')) as [
        NodeJS.ReadableStream & { statusCode: number; statusMessage: string; socket: { localPort: number } },
      ];
      const { localPort } = message.socket;
      message.resume();
      await once(message, 'end');
      return [message.statusCode, message.statusMessage, localPort] as const;
    };
    const reasons = [];
    const ports = new Set<number>();
    for (const index of names.keys()) {
      const [status, reason, localPort] = await ask(`/held/returned/${index}`);
      finished();
      reasons.push(`${status} ${reason}`);
      ports.add(localPort);
    }
    expect(new Set(reasons)).to.deep.equal(new Set(['500 Internal Server Error']));
    expect((await ask('/held/returned/0?ask=before'))[1]).to.equal('secret');
    // Each answer was complete: the connection was good for the next request.
    expect(ports.size).to.equal(1);
    agent.destroy();
    server.close();
  });

  it('does not hide an error that the handler answers with', async () => {
    @JsonController('/errors')
    class ErrorController {
      permissionClasses = [IsSubOwner];
      declare response: ApiView['response'];
      @Get('/by-hand/:id') byHand() {
        return this.response.status(404).json({ by: 'hand' });
      }
      @Get('/decorated/:id') @HttpCode(410) decorated() {
        return { by: 'decorator' };
      }
    }
    const errors = await Api.start({ controllers: [ErrorController] });
    try {
      expect((await errors.as({}, 'get', '/errors/by-hand/1')).status).to.equal(404);
      expect((await errors.as({}, 'get', '/errors/decorated/1')).status).to.equal(410);
    } finally {
      await errors.close();
    }
  });

  it('holds only where the answer depends on the object', async () => {
    class Some {
      accessTokenScopes = ['all'];
      @Get('/:id') retrieve() {
        return {};
      }
      @Get('/') list() {
        return {};
      }
    }
    const rules: readonly [path: string, rule: PermissionRule, without: number, scoped: number][] = [
      ['/or', or(HasAccessTokenScopes, IsSubOwner), 500, 200],
      ['/or-reversed', or(IsSubOwner, HasAccessTokenScopes), 500, 200],
      ['/and', and(HasAccessTokenScopes, IsSubOwner), 403, 500],
      ['/any', or(AllowAny, IsSubOwner), 200, 200],
      ['/safe', IsSubOwnerOrSafeOnly, 200, 200],
      ['/not-safe', not(IsSubOwnerOrSafeOnly), 403, 403],
    ];
    const controllers = rules.map(([path, rule]) => {
      @JsonController(path)
      class OneController extends Some {
        permissionClasses = [rule];
      }
      return OneController;
    });
    const some = await Api.start({ controllers });
    try {
      for (const [path, , without, scoped] of rules) {
        expect((await some.as({}, 'get', `${path}/1`)).status, path).to.equal(without);
        expect((await some.as({ scope: 'all' }, 'get', `${path}/1`)).status, path).to.equal(scoped);
      }
    } finally {
      await some.close();
    }
  });
});
