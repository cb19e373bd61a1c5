import { expect } from 'chai';
import { IsInt, Min } from 'class-validator';
import type { NextFunction, Request, Response } from 'express';
import {
  Authorized,
  Body,
  CurrentUser,
  Delete,
  Get,
  Header,
  HttpCode,
  JsonController,
  OnUndefined,
  Param,
  Post,
  Put,
  QueryParam,
  UseAfter,
  UseBefore,
  UseInterceptor,
  type Action,
} from 'routing-controllers';
import { AllowAny, HasAccessTokenScopes, type User } from 'axioms-routing-controllers';
import { Api, type Method } from '../api';
import { forbidStrayErrors } from './stray-errors';

class NewShelf {
  @IsInt() @Min(1) width!: number;
}

const ran: string[] = [];

function noting(what: string) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    ran.push(what);
    if (!response.headersSent) response.setHeader(`x-${what}`, 'ran');
    next();
  };
}

@UseBefore(noting('base-class'))
@UseAfter(noting('base-class-after'))
@UseInterceptor(
  (_action: Action, content: object | undefined) => content && { ...content, intercepted: 'by the base class' },
)
abstract class Shelves {
  permissionClasses: unknown[] = [HasAccessTokenScopes];
  accessTokenScopes = ['shelf'];

  @Get('/')
  list(@QueryParam('first') first = 0) {
    return { first, by: this.constructor.name };
  }

  @Get('/:id')
  @Header('x-base', 'yes')
  @UseBefore(noting('base-method'))
  @UseInterceptor((_action: Action, content: object) => ({ ...content, twice: true }))
  retrieve(@Param('id') id: number, @CurrentUser() user: User) {
    return { id, of: typeof id, sub: user.sub };
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() shelf: NewShelf) {
    return { width: shelf.width, isShelf: shelf instanceof NewShelf };
  }

  @Delete('/:id')
  @OnUndefined(204)
  @Header('x-base', 'base')
  destroy(@Param('id') _id: number): void {
    ran.push('destroy');
  }

  @Get('/of/staff')
  @Authorized('staff')
  staff() {
    return {};
  }
}

@JsonController('/plain')
class PlainShelves extends Shelves {}

class Middle extends PlainShelves {
  @Put('/:id')
  @HttpCode(202)
  update(@Param('id') id: number, @Body() shelf: NewShelf) {
    return { id, width: shelf.width };
  }
}

@JsonController('/deep')
class DeepShelves extends Middle {}

@JsonController('/overriding')
class OverridingShelves extends Shelves {
  override retrieve(id: number) {
    return { id, of: typeof id, sub: 'overridden' };
  }

  @UseBefore(noting('sub-method'))
  @Header('x-base', 'no')
  override create(shelf: NewShelf) {
    return { width: shelf.width * 2, isShelf: shelf instanceof NewShelf };
  }

  override staff() {
    return { staff: 'overridden' };
  }

  @Header('x-base', 'sub')
  override destroy(_id: number): void {
    ran.push('overridden destroy');
  }
}

@JsonController('/rerouted')
class ReroutedShelves extends Shelves {
  @Get('/one/:name')
  override retrieve(@Param('name') name: unknown) {
    return { id: Number(name), of: typeof name, sub: 'rerouted' };
  }
}

@JsonController('/opened')
class OpenedShelves extends Shelves {
  override permissionClasses = [AllowAny];
}

@Authorized('staff')
abstract class StaffOnly {
  permissionClasses = [AllowAny];

  @Get('/')
  list() {
    return { ok: true };
  }
}

@JsonController('/staff')
class StaffShelves extends StaffOnly {
  @Get('/own')
  own() {
    return { ok: true };
  }
}

abstract class SaysNothing {
  @Get('/')
  list() {
    return { ok: true };
  }
}

@JsonController('/silent')
class SilentShelves extends SaysNothing {}

@JsonController('/base')
class ConcreteBase {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['base'];

  @Get('/:id')
  retrieve(@Param('id') id: number) {
    return { id };
  }
}

@JsonController('/derived')
class Derived extends ConcreteBase {
  override accessTokenScopes = ['derived'];
}

const controllers = [
  PlainShelves,
  DeepShelves,
  OverridingShelves,
  ReroutedShelves,
  OpenedShelves,
  StaffShelves,
  SilentShelves,
  ConcreteBase,
  Derived,
];

describe('a controller that inherits its handlers', () => {
  forbidStrayErrors();

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers });
  });
  beforeEach(() => {
    ran.length = 0;
  });
  after(() => api.close());

  const shelf = { scope: 'shelf' };

  const routes: [Method, string][] = ['plain', 'deep', 'overriding'].flatMap(base => [
    ['get', `/${base}`],
    ['head', `/${base}`],
    ['get', `/${base}/7`],
    ['post', `/${base}`],
    ['delete', `/${base}/7`],
    ['get', `/${base}/of/staff`],
  ]);

  for (const [method, path] of [...routes, ['get', '/rerouted/one/7'], ['put', '/deep/7']] as typeof routes)
    it(`refuses ${method} ${path} without a token and with the wrong scope, and runs nothing of it`, async () => {
      const anonymous = await api.as(null, method, path).send(method === 'post' ? { width: 1 } : undefined);
      expect(anonymous.status).to.equal(401);
      expect(anonymous.headers['www-authenticate']).to.match(/^Bearer realm="api", scope="(?:shelf|staff)"$/);
      const wrong = await api.as({ scope: 'shelves shel shelf2' }, method, path);
      expect(wrong.status).to.equal(403);
      expect(wrong.headers['www-authenticate']).to.contain('error="insufficient_scope"').and.contain('scope="shelf"');
      expect(ran).to.deep.equal([]);
    });

  for (const base of ['plain', 'deep']) {
    it(`keeps parameters, middlewares and interceptors of the base class at /${base}`, async () => {
      const response = await api.as(shelf, 'get', `/${base}/7`);
      expect(response.status).to.equal(200);
      expect(response.body).to.deep.equal({
        id: 7,
        of: 'number',
        sub: 'alice',
        twice: true,
        intercepted: 'by the base class',
      });
      expect(response.headers).to.include({ 'x-base': 'yes', 'x-base-class': 'ran', 'x-base-method': 'ran' });
      expect(ran).to.deep.equal(['base-class', 'base-method', 'base-class-after']);
    });

    it(`converts, validates and answers with the base class's status at /${base}`, async () => {
      expect((await api.as(shelf, 'get', `/${base}/seven`)).status).to.equal(400);
      const created = await api.as(shelf, 'post', `/${base}`).send({ width: 3 });
      expect([
        created.status,
        (created.body as Record<string, unknown>).width,
        (created.body as Record<string, unknown>).isShelf,
      ]).to.deep.equal([201, 3, true]);
      for (const body of [{ width: 0 }, { width: 'wide' }, {}])
        expect((await api.as(shelf, 'post', `/${base}`).send(body)).status).to.equal(400);
      expect((await api.as(shelf, 'delete', `/${base}/7`)).status).to.equal(204);
      const listed = await api.as(shelf, 'get', `/${base}?first=5`);
      expect(listed.body).to.include({ first: 5, by: base === 'plain' ? 'PlainShelves' : 'DeepShelves' });
    });

    it(`asks the base class's @Authorized at /${base}`, async () => {
      expect((await api.as(shelf, 'get', `/${base}/of/staff`)).status).to.equal(403);
      expect((await api.as({ ...shelf, roles: ['staff'] }, 'get', `/${base}/of/staff`)).status).to.equal(200);
    });
  }

  it('serves the handlers of a class in the middle', async () => {
    const response = await api.as(shelf, 'put', '/deep/7').send({ width: 2 });
    expect([
      response.status,
      (response.body as Record<string, unknown>).id,
      (response.body as Record<string, unknown>).width,
    ]).to.deep.equal([202, 7, 2]);
    expect((await api.as(shelf, 'put', '/deep/7').send({ width: 0 })).status).to.equal(400);
  });

  it('keeps the decorators of a handler that is overridden without any', async () => {
    const response = await api.as(shelf, 'get', '/overriding/7');
    expect(response.body).to.include({ id: 7, of: 'number', sub: 'overridden', twice: true });
    expect(response.headers).to.include({ 'x-base': 'yes', 'x-base-method': 'ran' });
    expect((await api.as(shelf, 'get', '/overriding/of/staff')).status).to.equal(403);
    expect((await api.as({ ...shelf, roles: ['staff'] }, 'get', '/overriding/of/staff')).body).to.include({
      staff: 'overridden',
    });
  });

  it('adds the decorators of an override to those of the base class, and validates its body still', async () => {
    const created = await api.as(shelf, 'post', '/overriding').send({ width: 3 });
    expect([
      created.status,
      (created.body as Record<string, unknown>).width,
      (created.body as Record<string, unknown>).isShelf,
    ]).to.deep.equal([201, 6, true]);
    expect(created.headers).to.include({ 'x-sub-method': 'ran' });
    expect((await api.as(shelf, 'post', '/overriding').send({ width: 0 })).status).to.equal(400);
  });

  it("prefers an override's own header", async () => {
    const response = await api.as(shelf, 'delete', '/overriding/7');
    expect([response.status, response.headers['x-base']]).to.deep.equal([204, 'sub']);
  });

  it("takes a handler with a new route for another one: its own parameters, none of the base class's decorators", async () => {
    const response = await api.as(shelf, 'get', '/rerouted/one/7');
    expect(response.body).to.deep.equal({ id: 7, of: 'string', sub: 'rerouted', intercepted: 'by the base class' });
    expect(response.headers).not.to.have.any.keys('x-base', 'x-base-method');
    expect((await api.as(shelf, 'get', '/rerouted/7')).status).to.equal(404);
  });

  it('opens to everybody what its own rule opens, and keeps the @Authorized of the base class', async () => {
    expect((await api.as(null, 'get', '/opened')).status).to.equal(200);
    expect((await api.as(null, 'get', '/opened/of/staff')).status).to.equal(401);
  });

  for (const path of ['/staff', '/staff/own'])
    it(`asks the @Authorized of the base class at ${path}`, async () => {
      expect((await api.as(null, 'get', path)).status).to.equal(401);
      expect((await api.as({}, 'get', path)).status).to.equal(403);
      expect((await api.as({ roles: ['staff'] }, 'get', path)).status).to.equal(200);
    });

  it('is closed where neither class says anything', async () => {
    expect((await api.as(null, 'get', '/silent')).status).to.equal(401);
    expect((await api.as({}, 'get', '/silent')).status).to.equal(200);
  });

  it('keeps the rules of a base class and of its subclass apart where both are controllers', async () => {
    expect((await api.as({ scope: 'base' }, 'get', '/base/7')).status).to.equal(200);
    expect((await api.as({ scope: 'derived' }, 'get', '/base/7')).status).to.equal(403);
    expect((await api.as({ scope: 'base' }, 'get', '/derived/7')).status).to.equal(403);
    expect((await api.as({ scope: 'derived' }, 'get', '/derived/7')).body).to.deep.equal({ id: 7 });
  });
});
