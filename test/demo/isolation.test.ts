/** The demo isolates its callers; with planted leaks, the test kit finds every one. */
import { expect } from 'chai';
import { expectIsolation, IsolationError, type IsolationReport } from 'axioms-routing-controllers/testing';
import { controllers, type ControllerClass } from '../../demo/controllers';
import { removeDatabase, temporaryPlace } from '../../demo/database';
import { startDemo } from '../../demo/demo';
import { Callers } from '../../demo/rules/callers';
import { quietly } from '../../demo/rules/check-demo';
import { LeakyNoteController } from './leaky-notes';

/** What everybody shares on purpose. */
const shared = [
  ...[
    'GET /books',
    'GET /books/:id',
    'PUT /books/:id',
    'PATCH /books/:id',
    'DELETE /books/:id',
    'POST /books/:id/publish',
  ],
];

describe('the isolation of the demo', function () {
  this.timeout(120_000);
  const { NODE_ENV } = process.env;
  before(() => {
    process.env.NODE_ENV = 'test';
  });
  after(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  });

  async function reportOf(all: ControllerClass[]): Promise<IsolationReport> {
    const place = await temporaryPlace();
    const demo = await startDemo({ place, microservice: quietly, controllers: all });
    const known = new Callers(demo.issuer);
    const tokenOf = async (name: 'alice' | 'bob'): Promise<string> => (await known.named(name)).token ?? '';
    const names = demo.api.server.routes.map(({ method = 'ALL', path }) => `${method} ${path}`);
    try {
      return await expectIsolation(demo.api.app, {
        callers: { alice: await tokenOf('alice'), bob: await tokenOf('bob') },
        seed: async ({ name, canary }, send) => {
          const values: Record<string, string> = { sub: name };
          for (const [path, body] of [
            ['/notes', { text: canary }],
            ['/articles', { title: canary, text: canary }],
            ['/books', { title: canary, author: canary }],
          ] as const) {
            const response = await send('POST', path, body);
            const { id } = (await response.json()) as { id?: number };
            values[`${path}/:id`] = String(id);
          }
          return { ...values, id: values['/notes/:id'] ?? '' };
        },
        shared,
        // These are about the sessions of the demo itself, about limits, and about proofs of a key, which nobody here has.
        ignore: names.filter(name => /^\w+ \/(?:auth|\.well-known|session|account|exports|vault)\b/.test(name)),
      });
    } catch (error) {
      if (error instanceof IsolationError) return error.report;
      throw error;
    } finally {
      await demo.close();
      await removeDatabase(place);
    }
  }

  it('has no leak, and every route is tested', async () => {
    const { leaks, untested, exercised } = await reportOf(controllers);
    expect(leaks).to.deep.equal([]);
    expect(untested).to.deep.equal([]);
    expect(exercised).to.include.members(['GET /notes', 'GET /notes/search', 'GET /notes/export', 'DELETE /notes/:id']);
  });

  it('is found to be broken by each of the planted leaks', async () => {
    const { routes, leaks } = await reportOf([...controllers, LeakyNoteController]);
    const planted = routes.filter(route => route.includes(' /leaks'));
    expect(planted).to.have.length(24);
    expect([...new Set(leaks.map(({ route }) => route))]).to.have.members(planted);
  });
});
