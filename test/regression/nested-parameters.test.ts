/** Fault: JSON that did not go through the library's body parser could be nested without a limit: a 500 for any caller. */
import 'reflect-metadata';
import { IsOptional } from 'class-validator';
import { expect } from 'chai';
import express from 'express';
import {
  Body,
  BodyParam,
  Controller,
  CookieParam,
  Get,
  HeaderParam,
  JsonController,
  Post,
  QueryParam,
  QueryParams,
  UploadedFile,
} from 'routing-controllers';
import supertest, { type Test } from 'supertest';
import { AllowAny, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';

class Filter {
  [name: string]: unknown;
}
class Page {
  @IsOptional() filter?: Filter;
  @IsOptional() text?: string;
}

let handled: unknown[] = [];

function keep(value: unknown): object {
  handled.push(value);
  return {};
}

@JsonController('/json')
class JsonNotes {
  permissionClasses = [AllowAny];
  @Post('/body') body(@Body() body: Filter) {
    return keep(body);
  }
  @Post('/any') any(@Body({ validate: false }) body: unknown) {
    return keep(body);
  }
  @Post('/field') field(@BodyParam('filter') filter: Filter) {
    return keep(filter);
  }
  @Post('/text') text(@BodyParam('filter') filter: string) {
    return keep(filter);
  }
  @Post('/form') form(@UploadedFile('file') _file: unknown, @BodyParam('filter') filter: Filter) {
    return keep(filter);
  }
  @Get('/query') query(@QueryParam('filter') filter: Filter | undefined, @QueryParam('text') text: string) {
    return keep(filter ?? text);
  }
  @Get('/parsed') parsed(@QueryParam('filter', { parse: true }) filter: unknown) {
    return keep(filter);
  }
  @Get('/queries') queries(@QueryParams() page: Page) {
    return keep(page);
  }
  @Get('/header') header(@HeaderParam('X-Filter') filter: Filter) {
    return keep(filter);
  }
  @Get('/cookie') cookie(@CookieParam('filter') filter: Filter) {
    return keep(filter);
  }
}

@Controller('/texts')
class TextNotes {
  permissionClasses = [AllowAny];
  @Post('/body') body(@Body() body: Filter) {
    return keep(body);
  }
  @Post('/string') string(@Body() body: string) {
    return keep(body);
  }
}

const controllers = [JsonNotes, TextNotes];
// An object with lists: a list alone is refused where a class is declared.
const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

describe('JSON in a parameter that is nested deeply', () => {
  const logger = new RecordingLogger();
  let api: Api;
  let behindParser: express.Express;
  before(async () => {
    api = await Api.start({ controllers, axioms: { logger } });
    behindParser = express().use(express.json());
    useExpressServer(behindParser, { controllers, axioms: { ...api.issuer.settings(), logger } });
  });
  after(async () => {
    (behindParser.locals.axioms as AxiomsServer).close();
    await api.close();
  });
  beforeEach(() => {
    handled = [];
  });

  const post = (path: string, body: object): Test => supertest(api.app).post(path).send(body);
  const text = (path: string, body: string): Test => supertest(api.app).post(path).type('text/plain').send(body);
  const get = (path: string): Test => supertest(api.app).get(path);
  const json = (path: string, body: string): Test => supertest(behindParser).post(path).type('json').send(body);

  const body = { error: 'invalid_request', error_description: 'The body could not be read' };
  const named = (name: string): object => ({
    error: 'invalid_request',
    error_description: `The parameter ${name} cannot have more than 200 levels`,
    fields: { [name]: ['cannot have more than 200 levels'] },
  });

  const cases: Readonly<Record<string, readonly [send: (levels: number) => Test, refusal: object]>> = {
    'a text of @BodyParam': [levels => post('/json/field', { filter: nested(levels) }), body],
    'a field of a form': [levels => supertest(api.app).post('/json/form').field('filter', nested(levels)), body],
    'the body of a text controller': [levels => text('/texts/body', nested(levels)), body],
    '@Body behind express.json()': [levels => json('/json/body', nested(levels)), body],
    '@Body without a type behind express.json()': [levels => json('/json/any', nested(levels)), body],
    '@BodyParam behind express.json()': [levels => json('/json/field', `{"filter":${nested(levels)}}`), body],
    '@QueryParam': [levels => get(`/json/query?filter=${nested(levels)}`), named('filter')],
    '@QueryParam with parse': [levels => get(`/json/parsed?filter=${nested(levels)}`), named('filter')],
    '@HeaderParam': [levels => get('/json/header').set('X-Filter', nested(levels)), named('X-Filter')],
    '@CookieParam': [levels => get('/json/cookie').set('Cookie', `filter=${nested(levels)}`), named('filter')],
    'a member of @QueryParams': [
      levels => get(`/json/queries?filter=${nested(levels)}`),
      {
        error: 'invalid_request',
        error_description: 'The queries cannot have more than 200 levels',
        fields: { '': ['cannot have more than 200 levels'] },
      },
    ],
  };
  for (const [where, [send, refusal]] of Object.entries(cases)) {
    for (const levels of [201, 5_000])
      it(`is refused before it is converted: ${where}, ${levels} levels`, async () => {
        const response = await send(levels);
        expect([response.status, response.body]).to.deep.equal([400, refusal]);
        expect(response.headers['cache-control']).to.equal('no-store');
        expect(handled).to.deep.equal([]);
        expect(logger.text('error')).to.equal('');
      });

    it(`is accepted up to 200 levels: ${where}`, async () => {
      expect((await send(200)).status).to.equal(200);
      expect(handled).to.have.lengthOf(1);
    });
  }

  it('is a text where the parameter is a text, however many brackets it has', async () => {
    const brackets = nested(500);
    for (const sending of [
      post('/json/text', { filter: brackets }),
      text('/texts/string', brackets),
      get(`/json/query?text=${brackets}`),
    ])
      expect((await sending).status).to.equal(200);
    expect(handled).to.deep.equal([brackets, brackets, brackets]);
    expect((await get(`/json/queries?text=${brackets}`)).status).to.equal(200);
  });

  it('does not count references to one object in a body that the app has parsed', async () => {
    const app = express().use((request, _response, next) => {
      let shared: object = {};
      for (let levels = 0; levels < 60; levels++) shared = { one: shared, other: shared };
      request.body = shared;
      next();
    });
    useExpressServer(app, { controllers, axioms: { ...api.issuer.settings(), logger } });
    expect((await supertest(app).post('/json/any')).status).to.equal(200);
    (app.locals.axioms as AxiomsServer).close();
  });
});
