import { expect } from 'chai';
import { Body, JsonController, Post } from 'routing-controllers';
import { AllowAny } from 'axioms-routing-controllers';
import { levelsOf } from '../../src/routing-controllers/driver/body';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectExactRefusal } from '../refusals';

class Note {
  [name: string]: unknown;
}

let handled = 0;

@JsonController('/notes')
class NoteController {
  permissionClasses = [AllowAny];
  @Post('/') create(@Body() _note: Note) {
    handled += 1;
    return {};
  }
}

const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

describe('JSON that is nested deeply', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NoteController], axioms: { logger } });
  });
  after(() => api.close());
  beforeEach(() => {
    handled = 0;
  });

  const send = (text: string) => api.as(null, 'post', '/notes').set('Content-Type', 'application/json').send(text);

  it('is accepted up to 200 levels', async () => {
    expect((await send(nested(200))).status).to.equal(200);
    expect(handled).to.equal(1);
  });

  for (const charset of ['utf-8', 'UTF-8', '"utf-8"'])
    it(`is read where its charset is ${charset}`, async () => {
      const request = api.as(null, 'post', '/notes').set('Content-Type', `application/json; charset=${charset}`);
      expect((await request.send('{"a":1}')).status).to.equal(200);
    });

  it('is refused in another encoding, in which quotes hide the levels from a count of bytes', async () => {
    const request = api.as(null, 'post', '/notes').set('Content-Type', 'application/json; charset=utf-16le');
    const text = `{"a":["\u2201", ${'['.repeat(1000)}${']'.repeat(1000)}]}`;
    const answer = await request.serialize(body => body as string).send(Buffer.from(text, 'utf16le') as never);
    expectExactRefusal(answer, {
      status: 415,
      error: 'invalid_request',
      description: 'The encoding of the body is not supported',
    });
    expect(handled).to.equal(0);
  });

  for (const levels of [201, 40_000])
    it(`is refused before it reaches any code that could not bear it: ${levels} levels`, async () => {
      expectExactRefusal(await send(nested(levels)), {
        status: 400,
        error: 'invalid_request',
        description: 'The body could not be read',
      });
      expect(handled).to.equal(0);
      expect(logger.text('error')).to.equal('');
    });

  it('does not count brackets inside of texts', () => {
    expect(levelsOf(Buffer.from(`["${'['.repeat(300)}", "\\"[[", {"a": []}]`))).to.equal(3);
    expect(levelsOf(Buffer.from('[[],[],{}]'))).to.equal(2);
    expect(levelsOf(Buffer.from('1'))).to.equal(0);
  });
});
