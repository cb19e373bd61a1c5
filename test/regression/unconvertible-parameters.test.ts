/** Fault: a value that class-transformer cannot convert was a server error with a stack in the log, for any caller. */
import 'reflect-metadata';
import { Transform, Type, plainToInstance } from 'class-transformer';
import { IsOptional, IsString } from 'class-validator';
import { expect } from 'chai';
import {
  Body,
  Get,
  JsonController,
  Post,
  QueryParam,
  QueryParams,
  SessionParam,
  createParamDecorator,
} from 'routing-controllers';
import { AllowAny } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

class Named {
  get label() {
    return 'label';
  }
}
class Note extends Named {
  @IsOptional() @IsString() title?: string;
  @IsOptional() @Type(() => Number) size?: number;
  @IsOptional() @Type(() => String) text?: string;
  @IsOptional() @Type(() => Date) written?: Date;
  @IsOptional() @Type(() => Buffer) file?: Buffer;
  @IsOptional() any?: unknown;
}

const failing = (): never => {
  throw new TypeError('of the app');
};
class OfApp {
  @Transform(({ value }: { value: string }) => value.trim()) trimmed?: string;
  @Transform(failing) failed?: string;
  @Type(failing) typed?: object;
  set written(_value: string) {
    failing();
  }
}
class Unmakeable {
  constructor() {
    failing();
  }
}
const hostile = { title: { constructor: 1 } };

let handled: unknown[] = [];

@JsonController('/notes')
class NoteController {
  permissionClasses = [AllowAny];
  @Post('/') create(@Body() note: Note) {
    handled.push(note);
    return {};
  }
  @Post('/unvalidated') unvalidated(@Body({ validate: false }) note: Note) {
    handled.push(note);
    return {};
  }
  @Get('/') list(@QueryParams() note: Note) {
    handled.push(note);
    return {};
  }
  @Get('/one') one(
    @QueryParam('filter') filter: Note,
    @QueryParam('sizes', { type: Number, isArray: true }) _s: number[],
  ) {
    handled.push(filter);
    return {};
  }
}

@JsonController('/own')
class OwnController {
  permissionClasses = [AllowAny];
  @Post('/') create(@Body() _value: OfApp) {
    handled.push(1);
  }
  @Post('/unmakeable') make(@Body() _value: Unmakeable) {
    handled.push(1);
  }
  @Post('/decorated') decorated(@createParamDecorator({ value: failing }) _value: unknown) {
    handled.push(1);
  }
  @Post('/converted') converted(
    @createParamDecorator({ value: () => plainToInstance(Note, hostile) }) _value: unknown,
  ) {
    handled.push(1);
  }
  @Post('/handler') handler() {
    return plainToInstance(Note, hostile);
  }
  @Get('/session') session(@QueryParam('size') _size: number, @SessionParam('user') _user: string) {
    handled.push(1);
  }
}

describe('a value that cannot be converted into the type of its parameter', () => {
  forbidStrayErrors();
  let logger: RecordingLogger;
  let api: Api;
  beforeEach(async () => {
    logger = new RecordingLogger();
    handled = [];
    api = await Api.start({ controllers: [NoteController, OwnController], axioms: { logger } });
    api.app.set('query parser', 'extended');
  });
  afterEach(() => api.close());

  const send = (path: string, body: object) => api.as(null, 'post', path).send(body);

  async function expectRefused(
    sending: ReturnType<typeof send>,
    what: string,
    field: string,
    text = 'cannot be converted',
  ): Promise<void> {
    const response = await sending;
    expect([response.status, response.body]).to.deep.equal([
      400,
      { error: 'invalid_request', error_description: `The ${what} ${text}`, fields: { [field]: [text] } },
    ]);
    expect(response.headers['cache-control']).to.equal('no-store');
    expect(handled).to.deep.equal([]);
    expect(logger.text('error')).to.equal('');
  }

  const unreadable = { toString: 1, valueOf: 1 };
  for (const body of [
    hostile,
    { any: { constructor: 'x' } },
    { any: [{ constructor: {} }] },
    { size: unreadable },
    { text: unreadable },
    { written: unreadable },
    { file: 5 },
    { label: 'a member that has only a getter' },
  ]) {
    it(`is 400 and names the body, not the value: ${JSON.stringify(body)}`, () =>
      expectRefused(send('/notes', body), 'body', ''));

    it(`is 400 without validation: ${JSON.stringify(body)}`, () =>
      expectRefused(send('/notes/unvalidated', body), 'body', ''));

    it(`is 400 and names the parameter of the query: ${JSON.stringify(body)}`, () => {
      const filter = encodeURIComponent(JSON.stringify(body));
      return expectRefused(api.as(null, 'get', `/notes/one?filter=${filter}`), 'parameter filter', 'filter');
    });
  }

  it('is 400 where the query parser makes an object', async () => {
    await expectRefused(api.as(null, 'get', '/notes?title[constructor]=1'), 'queries', '');
    await expectRefused(api.as(null, 'get', '/notes?size[toString]=1&size[valueOf]=1'), 'queries', '');
    const sizes = '/notes/one?sizes[0][toString]=1&sizes[0][valueOf]=1';
    await expectRefused(api.as(null, 'get', sizes), 'parameter sizes', 'sizes', 'must be a list of single values');
  });

  it('is not what only looks so: such values reach the handler', async () => {
    for (const body of [{ title: 'x', constructor: 'x' }, { size: '5' }, { text: {} }, { any: { toString: 1 } }])
      expect((await send('/notes', body)).status, JSON.stringify(body)).to.equal(200);
    expect(handled).to.have.lengthOf(4);
  });

  for (const [path, body] of [
    ['/own', { trimmed: 5 }],
    ['/own', { failed: 'x' }],
    ['/own', { typed: {} }],
    ['/own', { written: 'x' }],
    ['/own/unmakeable', { a: 1 }],
    ['/own/decorated', {}],
    ['/own/converted', {}],
    ['/own/handler', {}],
  ] as const)
    it(`stays a 500 where code of the app fails: ${path} ${JSON.stringify(body)}`, async () => {
      const response = await send(path, body);
      expect([response.status, (response.body as { error: string }).error]).to.deep.equal([500, 'server_error']);
      expect(logger.text('error')).to.contain('TypeError');
      expect(handled).to.deep.equal([]);
    });

  it('does not end the process where another parameter throws at once', async () => {
    expect((await api.as(null, 'get', '/own/session?size=x')).status).to.be.oneOf([400, 500]);
    expect(handled).to.deep.equal([]);
  });
});
