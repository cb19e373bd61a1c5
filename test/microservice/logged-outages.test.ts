/** What the log says of a store that fails: the cause once, without values, and the end once. */
import { expect } from 'chai';
import { QueryFailedError } from 'typeorm';
import { memoryStore } from '../../src/microservice';
import { SignInApp } from './sign-in-app';

async function linesOf(error: unknown): Promise<readonly (readonly [string, string, unknown])[]> {
  const store = memoryStore();
  const app = await new SignInApp({ store }, { jwksPrefetch: false }).withUsers();
  const browser = app.browser();
  expect((await browser.signIn()).status).to.equal(200);
  const find = store.findFamily.bind(store);
  store.findFamily = async () => {
    await Promise.resolve();
    throw error;
  };
  app.logger.entries.splice(0);
  const answers = [await browser.refresh(), await browser.refresh(), await browser.refresh()];
  expect(answers.map(({ status }) => status)).to.deep.equal([503, 503, 503]);
  store.findFamily = find;
  expect((await browser.refresh()).status).to.equal(200);
  await app.close();
  return app.logger.entries
    .filter(({ message }) => message.startsWith('store'))
    .map(({ level, message, data }) => [level, message, data] as const);
}

function failed(code: string, message: string): QueryFailedError {
  return new QueryFailedError('SELECT', ['ged'], Object.assign(new Error(message), { code }));
}

describe('the log of an outage of a store', () => {
  for (const [what, error, data] of [
    [
      'a replica of Redis that may not be written',
      Object.assign(new Error("READONLY You can't write against a read only replica."), { name: 'ReplyError' }),
      { error: 'ReplyError', code: 'READONLY' },
    ],
    [
      'keys in two slots',
      Object.assign(new Error("CROSSSLOT Keys in request don't hash to the same slot"), { name: 'ErrorReply' }),
      { error: 'ErrorReply', code: 'CROSSSLOT' },
    ],
    [
      'a connection that is refused',
      Object.assign(new Error('connect ECONNREFUSED db.internal:5432'), { code: 'ECONNREFUSED' }),
      { error: 'Error', code: 'ECONNREFUSED' },
    ],
    [
      'a read-only database',
      failed('25006', 'cannot execute UPDATE in a read-only transaction'),
      { error: 'QueryFailedError', code: '25006', text: 'cannot execute UPDATE in a read-only transaction' },
    ],
    [
      'a database that quotes a value',
      failed('22P02', 'invalid input syntax for type uuid: "ged@example.com"'),
      { error: 'QueryFailedError', code: '22P02', text: 'invalid input syntax for type uuid: …' },
    ],
    ['something that is no error', 'down at db.internal', { error: 'string' }],
  ] as const)
    it(`has the cause once, and the end once: ${what}`, async () => {
      const step = 'store.findFamily';
      const lines = await linesOf(error);
      expect(lines.map(([level, message]) => `${level} ${message}`)).to.deep.equal([
        ...[`error ${step} failed`, `debug ${step} failed`, `debug ${step} failed`, 'info store works again'],
      ]);
      expect(lines[0]?.[2]).to.deep.equal({ step, ...data });
      expect(JSON.stringify(lines)).not.to.include('db.internal').and.not.to.include('ged@');
    });
});
