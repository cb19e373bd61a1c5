/**
 * class-transformer compares each name of an object with all others. A body of 1 MB with 90,000 members, which an app with a
 * higher limit reads, blocked the process for half a minute.
 */
import { expect } from 'chai';
import { IsOptional, IsString } from 'class-validator';
import { Body, BodyParam, JsonController, Post } from 'routing-controllers';
import request from 'supertest';
import { AllowAny } from 'axioms-routing-controllers';
import { Api } from '../api';

class Note {
  @IsOptional() @IsString() title?: string;
  extra?: Record<string, unknown>;
}

let calls = 0;

@JsonController('/notes')
class NotesController {
  permissionClasses = [AllowAny];

  @Post('/one') one(@Body({ options: { limit: '2mb' } }) _note: Note) {
    return { calls: ++calls };
  }
  @Post('/many') many(@Body({ type: Note, options: { limit: '2mb' } }) _notes: Note[]) {
    return { calls: ++calls };
  }
  @Post('/member') member(@BodyParam('note') _note: Note) {
    return { calls: ++calls };
  }
  @Post('/any') any(@Body({ options: { limit: '2mb' } }) _body: object) {
    return { calls: ++calls };
  }
}

const objectOf = (members: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: members }, (_, index) => [`m${index}`, 1]));

describe('regression: a body with very many members', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NotesController] });
  });
  beforeEach(() => {
    calls = 0;
  });
  after(() => api.close());

  const refusal = (what: string): object => {
    const text = 'cannot have an object with more than 5000 members';
    return { error: 'invalid_request', error_description: `The ${what} ${text}` };
  };

  for (const [path, body, what] of [
    ['/one', objectOf(90_000), 'body'],
    ['/one', { extra: { deep: [objectOf(5001)] } }, 'body'],
    ['/many', [{}, objectOf(5001)], 'body'],
    ['/member', { note: objectOf(5001) }, 'parameter note'],
    ['/member', { note: JSON.stringify(objectOf(5001)) }, 'parameter note'],
  ] as const)
    it(`is refused at ${path} at once, and nothing runs: ${JSON.stringify(body).slice(0, 30)}`, async () => {
      const begin = process.cpuUsage();
      const response = await request(api.app).post(`/notes${path}`).send(body);
      expect(response.status).to.equal(400);
      expect(response.body).to.deep.include(refusal(what));
      expect([calls, process.cpuUsage(begin).user < 3_000_000]).to.deep.equal([0, true]);
    });

  for (const [path, body] of [
    ['/one', objectOf(5000)],
    ['/many', Array.from({ length: 6000 }, () => ({}))],
    ['/any', objectOf(6000)],
  ] as const)
    it(`is read within the limit, as a list, and where no class is declared: ${path}`, async () => {
      const response = await request(api.app).post(`/notes${path}`).send(body);
      expect([response.status, response.body]).to.deep.equal([200, { calls: 1 }]);
    });
});
