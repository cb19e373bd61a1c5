/** A value that has another shape than its parameter is refused, and an element of a list is validated as an object is. */
import 'reflect-metadata';
import { expect } from 'chai';
import express from 'express';
import { IsInt, IsString, Min, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import {
  Body,
  BodyParam,
  CookieParam,
  Get,
  HeaderParam,
  JsonController,
  Param,
  Post,
  QueryParam,
  UseInterceptor,
} from 'routing-controllers';
import request from 'supertest';
import { AllowAny, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { TestIssuer } from 'axioms-routing-controllers/testing';

const handled: unknown[] = [];

function keep(...values: unknown[]): { ok: true } {
  handled.push(values.length === 1 ? values[0] : values);
  return { ok: true };
}

class Tag {
  @IsString() text!: string;
}

class NewUser {
  @IsString() name!: string;
  @IsInt() @Min(0) @Type(() => Number) age = 0;
  @ValidateNested({ each: true }) @Type(() => Tag) tags: Tag[] = [];
}

@JsonController('/shapes')
class ShapeController {
  permissionClasses = [AllowAny];

  @Post('/one') one(@Body() user: NewUser) {
    return keep(user);
  }
  /** An interceptor makes upstream read the parameters. */
  @Post('/one-by-upstream')
  @UseInterceptor((_action: unknown, result: unknown) => result)
  oneByUpstream(@Body() user: NewUser) {
    return keep(user);
  }
  @Post('/list') list(@Body({ type: NewUser }) users: NewUser[]) {
    return keep(users);
  }
  @Post('/free') free(@Body({ validate: false, type: NewUser }) users: NewUser[]) {
    return keep(users);
  }
  @Post('/declared-as-text') declaredAsText(@Body({ required: true }) value: string) {
    return keep(value);
  }
  @Post('/any') any(@Body() value: object) {
    return keep(value);
  }
  @Post('/find') find(
    @BodyParam('email') email: string,
    @BodyParam('age') age: number,
    @BodyParam('user') user: NewUser,
  ) {
    return keep(email, age, user);
  }
  @Get('/query') query(
    @QueryParam('s') s: string,
    @QueryParam('n') n: number,
    @QueryParam('b') b: boolean,
    @QueryParam('list', { type: String }) list: string[],
    @QueryParam('either') either: string | string[],
    @QueryParam('user') user: NewUser,
  ) {
    return keep(s, n, b, list, either, user);
  }
  @Get('/text/:id') text(@Param('id') id: string, @HeaderParam('x-a') a: string, @CookieParam('c') c: string) {
    return keep(id, a, c);
  }
}

const user = { name: 'ged' };
const made = { name: 'ged', age: 0, tags: [] };

describe('the shape of a parameter', () => {
  let issuer: TestIssuer;
  let app: express.Express;
  before(() => {
    issuer = new TestIssuer();
    app = express().set('query parser', 'extended');
    const validation = { whitelist: true, forbidNonWhitelisted: true };
    useExpressServer(app, { controllers: [ShapeController], axioms: issuer.settings(), validation });
  });
  after(() => {
    (app.locals.axioms as AxiomsServer).close();
  });
  beforeEach(() => {
    handled.length = 0;
  });

  async function expectRefused(asked: request.Test, description: string, fields: Record<string, string[]>) {
    const { status, headers, body } = (await asked) as {
      status: number;
      headers: Record<string, string>;
      body: unknown;
    };
    expect([status, headers['www-authenticate']]).to.deep.equal([400, undefined]);
    expect(body).to.deep.equal({ error: 'invalid_request', error_description: description, fields });
    expect(handled, 'what reached a handler').to.deep.equal([]);
  }

  const post = (path: string, body: unknown): request.Test =>
    request(app).post(`/shapes${path}`).type('json').send(JSON.stringify(body));

  for (const path of ['/one', '/one-by-upstream']) {
    for (const body of [[user], [{ id: 1, isAdmin: true }], [], [[user]], [1]])
      it(`of ${path} is an object, and not ${JSON.stringify(body)}`, async () => {
        await expectRefused(post(path, body), 'The body must be an object', { '': ['must be an object'] });
      });

    for (const text of ['5', '[{"isAdmin":true}]', '"text"', 'true'])
      it(`of ${path} is an object, and not the text ${text}`, async () => {
        const textual = express().use(express.text({ type: '*/*' }));
        useExpressServer(textual, { controllers: [ShapeController], axioms: issuer.settings() });
        const asked = request(textual).post(`/shapes${path}`).type('text/plain').send(text);
        await expectRefused(asked, 'The body must be an object', { '': ['must be an object'] });
        (textual.locals.axioms as AxiomsServer).close();
      });

    it(`of ${path} is taken where it is an object`, async () => {
      expect((await post(path, user)).status).to.equal(200);
      expect(handled).to.deep.equal([Object.assign(new NewUser(), made)]);
    });
  }

  it('is a list of objects where the class declares a list', async () => {
    expect((await post('/list', [user, user])).status).to.equal(200);
    expect(handled).to.deep.equal([[made, made].map(one => Object.assign(new NewUser(), one))]);
    expect((await post('/list', [])).status).to.equal(200);
  });

  for (const body of [[1], [user, [user]], [null], ['text']])
    it(`is a list of objects, and not ${JSON.stringify(body)}`, async () => {
      const text = 'must be a list of objects';
      await expectRefused(post('/list', body), `The body ${text}`, { '': [text] });
    });

  it('has valid elements', async () => {
    const answer = await post('/list', [user, { name: 5, age: -1, tags: [{ text: 1 }] }]);
    const { error, fields } = answer.body as { error: string; fields: object };
    expect([answer.status, error]).to.deep.equal([400, 'invalid_request']);
    expect(fields).to.have.all.keys('1.name', '1.age', '1.tags.0.text');
    const more = (await post('/list', [{ ...user, isAdmin: true }])).body as { fields: object };
    expect(more.fields).to.have.all.keys('0.isAdmin');
    expect(handled).to.deep.equal([]);
  });

  it('has elements that are not validated where the app says so', async () => {
    expect((await post('/free', [{ name: 5 }])).status).to.equal(200);
    expect(handled.splice(0)).to.deep.equal([[Object.assign(new NewUser(), { ...made, name: 5 })]]);
    await expectRefused(post('/free', [5]), 'The body must be a list of objects', {
      '': ['must be a list of objects'],
    });
  });

  it('is an object where a whole body of JSON is declared as text, as upstream passes it on', async () => {
    expect((await post('/declared-as-text', { hello: '' })).status).to.equal(200);
    expect(handled).to.deep.equal([{ hello: '' }]);
  });

  it('is anything where the type says nothing', async () => {
    for (const body of [{ a: 1 }, [1, { b: 2 }]]) expect((await post('/any', body)).status).to.equal(200);
    expect(handled).to.deep.equal([{ a: 1 }, [1, { b: 2 }]]);
  });

  for (const [body, name, text] of [
    [{ email: { $ne: null } }, 'email', 'must be a single value'],
    [{ email: ['a'] }, 'email', 'must be a single value'],
    [{ age: { $gt: 0 } }, 'age', 'must be a single value'],
    [{ age: [1] }, 'age', 'must be a single value'],
    [{ user: [user] }, 'user', 'must be an object'],
    [{ user: 5 }, 'user', 'must be an object'],
    [{ user: '[5]' }, 'user', 'must be an object'],
  ] as const)
    it(`of a member of the body is refused: ${JSON.stringify(body)}`, async () => {
      await expectRefused(post('/find', body), `The parameter ${name} ${text}`, { [name]: [text] });
    });

  for (const [query, name, text] of [
    ['s=1&s=2', 's', 'must be a single value'],
    ['s[$ne]=1', 's', 'must be a single value'],
    ['n[]=1', 'n', 'must be a single value'],
    ['b[toString]=1', 'b', 'must be a single value'],
    ['list[a]=1', 'list', 'must be a single value'],
    ['list[0][a]=1', 'list', 'must be a list of single values'],
    ['user=5', 'user', 'must be an object'],
    ['user=[{"name":5}]', 'user', 'must be an object'],
  ] as const)
    it(`of a query is refused: ${query}`, async () => {
      await expectRefused(request(app).get(`/shapes/query?${query}`), `The parameter ${name} ${text}`, {
        [name]: [text],
      });
    });

  it('of a query may be a list where one is declared, or where TypeScript writes no type', async () => {
    const query = `s=1&n=2&b=true&list=x&list=y&either=1&either=2&user={"name":"ged"}`;
    expect((await request(app).get(`/shapes/query?${query}`)).status).to.equal(200);
    expect(handled).to.deep.equal([['1', 2, true, ['x', 'y'], ['1', '2'], Object.assign(new NewUser(), made)]]);
  });

  it('of a path, a header and a cookie is a text', async () => {
    const answer = await request(app).get('/shapes/text/[1]').set('X-A', '{"a":1}').set('Cookie', 'c=1');
    expect(answer.status).to.equal(200);
    expect(handled).to.deep.equal([['[1]', '{"a":1}', '1']]);
  });

  it('of a parameter that is not there is not judged', async () => {
    expect((await post('/find', {})).status).to.equal(200);
    expect((await request(app).get('/shapes/query')).status).to.equal(200);
    expect(handled).to.have.lengthOf(2);
  });
});
