/** A log that cannot be written changes no answer, and does not end the process. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { defineSettings, type Logger } from 'axioms-routing-controllers';
import { Api } from '../api';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

@JsonController('/books')
class BookController {
  @Get('/') list() {
    return ['Emma'];
  }

  @Get('/broken') broken(): never {
    throw new Error('no books');
  }
}

const loggers: Readonly<Record<string, (level: string) => unknown>> = {
  throws: level => {
    throw new Error(`${level}: log stream closed`);
  },
  rejects: async level => Promise.reject(new Error(`${level}: log database away`)),
  'throws an error that cannot be read': () => {
    throw Object.defineProperty(new Error(), 'message', { get: () => rejectedRead() });
  },
  'throws what is no error': () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a logger may do
    throw null;
  },
};

function rejectedRead(): never {
  throw new Error('not readable');
}

function loggerThat(write: (level: string) => unknown): Logger {
  const levels = ['debug', 'info', 'warn', 'error'] as const;
  return Object.fromEntries(levels.map(level => [level, () => write(level)])) as unknown as Logger;
}

for (const [what, write] of Object.entries(loggers))
  describe(`a logger that ${what}`, () => {
    forbidStrayErrors();
    let api: Api;
    let reported: unknown[][];
    const { error } = console;

    beforeEach(async () => {
      reported = [];
      console.error = (...said: unknown[]) => void reported.push(said);
      api = await Api.start({ controllers: [BookController], axioms: { logger: loggerThat(write) } });
    });
    afterEach(async () => {
      await api.close();
      console.error = error;
    });

    it('leaves a refusal as it is', async () => {
      const answer = await api.as(null, 'get', '/books');
      expect(answer.status).to.equal(401);
      expect(answer.headers['www-authenticate']).to.equal('Bearer realm="api"');
      expect(answer.body).to.include({ error: 'not_authenticated' });
    });

    it('leaves the answers to a bad token and to an error of a handler as they are', async () => {
      const refused = await api.with('x.y.z', 'get', '/books');
      expect([refused.status, refused.body])
        .to.deep.include(401)
        .and.have.nested.property('[1].error', 'invalid_token');
      const failed = await api.as({}, 'get', '/books/broken');
      expect([failed.status, failed.type]).to.deep.equal([500, 'application/json']);
    });

    it('is reported to the console, once', async () => {
      for (let times = 0; times < 3; times++) await api.as(null, 'get', '/books');
      const own = reported.filter(([said]) => String(said).includes('The logger failed'));
      expect(own).to.have.lengthOf(1);
    });
  });

describe('a logger that works', () => {
  it('gets every message as it was, as a method of its own object', () => {
    const said: unknown[] = [];
    class Recorder implements Logger {
      readonly levels = ['debug', 'info', 'warn', 'error'];
      debug(...rest: unknown[]) {
        said.push([this.levels[0], ...rest]);
      }
      info(...rest: unknown[]) {
        said.push([this.levels[1], ...rest]);
      }
      warn(...rest: unknown[]) {
        said.push([this.levels[2], ...rest]);
      }
      error(...rest: unknown[]) {
        said.push([this.levels[3], ...rest]);
      }
    }
    const input = { audience: 'api', issuerUrl: 'https://issuer.example' };
    const { logger } = defineSettings({ ...input, logger: new Recorder() });
    logger.debug('one', { place: 'here' });
    logger.info('two');
    logger.warn('three');
    logger.error('four');
    expect(said).to.deep.equal([
      ['debug', 'one', { place: 'here' }],
      ['info', 'two'],
      ['warn', 'three'],
      ['error', 'four'],
    ]);
    expect(defineSettings({ ...input, logger }).logger).to.equal(logger);
  });
});
