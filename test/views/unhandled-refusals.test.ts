import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { callbackify, promisify } from 'node:util';
import { expect } from 'chai';
import express, { type Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { BasePermission, useExpressServer, type ApiView, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { permissionDenied } from '../refusals';
import { OneConnection } from '../routing-controllers/one-connection';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
}

const sharedError = new Error('The same error each time');

class Owner extends BasePermission {
  override async hasObjectPermission({ user }: Request, _controller: ApiView, owner: unknown) {
    await turns(1);
    if (owner === 'shared') throw sharedError;
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    if (owner === 'text') throw 'secret';
    return user?.sub === owner;
  }
}

/** What went on after a refusal. */
const ran: string[] = [];

interface Handling {
  readonly response: ApiView['response'];
  readonly owner: string;
  check(owner: string): Promise<void>;
  /** Waits for a check, in a promise of its own. */
  inner(owner: string): Promise<void>;
}

/** Handlers that run on while code that they do not wait for receives a refusal. */
const ways: Readonly<Record<string, (handling: Handling) => unknown>> = {
  'does something else': async ({ inner, owner }) => {
    void inner(owner);
    await turns(12);
    return { ok: true };
  },
  'waits for another check': async ({ inner, check, owner }) => {
    void inner(owner);
    await check('alice');
    return { ok: true };
  },
  'returns with the refusal': async ({ inner, check, owner }) => {
    void inner(owner);
    await check(owner).catch(() => undefined);
    return { ok: true };
  },
  'sends the answer itself': async ({ inner, owner, response }) => {
    void inner(owner);
    await turns(12);
    response.json({ ok: true });
  },
  'answers in the background': ({ inner, owner, response }) => {
    void inner(owner);
    setTimeout(() => response.json({ ok: true }), 10);
    return response;
  },
  'calls several': async ({ inner }) => {
    const owners = ['alice', 'bob', 'bob'];
    owners.forEach(owner => void inner(owner));
    await turns(12);
    return { ok: false };
  },
  'checks one after the other': async ({ inner, owner }) => {
    void (async () => {
      for (const one of ['alice', owner, 'alice']) await inner(one);
    })();
    await turns(1);
    return { ok: true };
  },
  'waits for a callback that the refusal stops': ({ inner, owner }) =>
    new Promise(resolve => {
      setTimeout(() => {
        void inner(owner).then(() => {
          resolve({ ok: true });
        });
      }, 1);
    }),
  'waits for an event that the refusal prevents': async ({ inner, owner }) => {
    const emitter = new EventEmitter();
    emitter.on('read', () => void inner(owner).then(() => emitter.emit('checked')));
    setImmediate(() => emitter.emit('read'));
    await once(emitter, 'checked');
    return { ok: true };
  },
  'has a listener of a signal, whose rejection Node throws': async ({ inner, owner }) => {
    const controller = new AbortController();
    // eslint-disable-next-line @typescript-eslint/no-misused-promises
    controller.signal.addEventListener('abort', () => inner(owner));
    controller.abort();
    await turns(12);
    return { ok: true };
  },
  'throws it in a callback': async ({ inner, owner }) => {
    callbackify(inner)(owner, (error: unknown) => {
      if (error !== null) throw error as Error;
    });
    await turns(12);
    return { ok: true };
  },
  'wraps it in an error with a cause': async ({ inner, owner }) => {
    void inner(owner).catch((cause: unknown) => {
      throw new Error('Could not publish', { cause: new Error('Could not read', { cause }) });
    });
    await turns(12);
    return { ok: true };
  },
  'waits for any of two checks': async ({ check, owner }) => {
    void Promise.any([check(owner), check(owner)]).then(() => ran.push(owner));
    await turns(12);
    return { ok: true };
  },
  'has a resource that cannot be closed after it': async ({ inner, owner }) => {
    void inner(owner).catch((suppressed: unknown) => {
      // As `await using` rejects (SuppressedError, which Node 20 does not have).
      throw Object.assign(new Error('Could not close'), { error: new Error('closed'), suppressed });
    });
    await turns(12);
    return { ok: true };
  },
  'checks in a getter of its answer': ({ inner, owner }) => ({
    get ok() {
      void inner(owner);
      return true;
    },
  }),
};

@JsonController('/unhandled')
class UnhandledController {
  permissionClasses: readonly object[] = [Owner];
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  declare checkObjectPermissions: (object: unknown) => Promise<void>;

  getObject() {
    return 'alice';
  }

  @Get('/handled/:id') async handled() {
    const done = this.inner('bob');
    await done.catch(() => undefined);
    await turns(12);
    return { ok: true };
  }
  // The refusal reaches the end of the method long after the handler has answered.
  @Get('/late/:id') late() {
    void (async () => {
      await turns(1);
      try {
        await this.checkObjectPermissions('bob');
      } finally {
        await turns(20);
        ran.push('finally');
      }
    })();
    return turns(12).then(() => ({ ok: true }));
  }
  @Get('/slow/:id') async slow() {
    void (async () => {
      try {
        await this.checkObjectPermissions('bob');
      } finally {
        await turns(10);
      }
    })();
    await turns(40);
    return { ok: true };
  }
  @Get('/awaited/:id') async awaited() {
    const check = this.checkObjectPermissions('bob');
    await turns(12);
    ran.push('awaited');
    await check;
    ran.push('past the checks');
    return { ok: false };
  }
  @Get('/shared/:id') async shared() {
    if (this.request.params.id === 'caught') await this.checkObjectPermissions('shared').catch(() => undefined);
    else void this.inner('shared');
    await turns(12);
    return { ok: true };
  }
  @Get('/other/:id') async other() {
    void this.inner('bob').catch(() => {
      throw new Error('of the app');
    });
    await turns(12);
    return { ok: true };
  }
  @Get('/:way') retrieve() {
    const { owner = 'alice' } = this.request.query as { owner?: string };
    const check = (one: string): Promise<void> => this.checkObjectPermissions(one);
    const inner = (one: string): Promise<void> => this.inner(one);
    return Object.values(ways)[Number(this.request.params.way)]!({ response: this.response, owner, check, inner });
  }

  private async inner(owner: string): Promise<void> {
    await this.checkObjectPermissions(owner);
    ran.push(owner);
  }
}

describe('a refusal that code of a running handler received and did not handle', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    useExpressServer(app, { controllers: [UnhandledController], axioms: { ...issuer.settings(), logger } });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    logger.entries.length = connection.connections = ran.length = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  const get = (path: string) =>
    connection.send(`/unhandled/${path}`, { headers: { Authorization: `Bearer ${issuer.token()}` } });

  for (const [index, name] of Object.keys(ways).entries())
    it(`is the answer where the handler ${name}`, async () => {
      const { status, text } = await get(`${index}?owner=bob`);
      const { error, description } = permissionDenied;
      expect([status, text]).to.deep.equal([403, JSON.stringify({ error, error_description: description })]);
      await turns(15);
      expect(ran).not.to.include('bob');
      expect(logger.text('error')).to.equal('');
      if (!name.includes('several')) expect((await get(`${index}?owner=alice`)).text).to.equal('{"ok":true}');
      expect(connection.connections).to.be.at.most(1);
    });

  it('is the answer, once, where the handler gets it after that', async () => {
    const { status, text } = await get('awaited/7');
    await turns(30);
    expect([status, JSON.parse(text), ran]).to.deep.equal([
      403,
      { error: permissionDenied.error, error_description: permissionDenied.description },
      ['awaited'],
    ]);
    expect(logger.text('error')).to.equal('');
  });

  it('is the answer whatever the rule throws', async () => {
    for (const owner of ['shared', 'text']) {
      const { status, text } = await get(`0?owner=${owner}`);
      expect([status, /secret|same/.test(text)]).to.deep.equal([500, false]);
    }
  });

  it('is the answer where it is found unhandled later, before the handler returns', async () => {
    expect((await get('slow/7')).status).to.equal(403);
  });

  it('is logged where the answer has been sent by then, and code after the check runs to its end', async () => {
    const { status, text } = await get('late/7');
    await turns(30);
    expect([status, text, ran]).to.deep.equal([200, '{"ok":true}', ['finally']]);
    expect(logger.text('error')).to.include('A check of an object refused after the answer had been sent');
  });

  it('stays the handler’s where the handler handles it', async () => {
    expect((await get('handled/7')).text).to.equal('{"ok":true}');
    expect(logger.text('error')).to.equal('');
  });

  it('is the answer of its own request alone, also where a rule throws the same error each time', async () => {
    expect((await get('shared/caught')).status).to.equal(200);
    expect((await get('shared/forgotten')).status).to.equal(500);
    expect((await get('shared/caught')).status).to.equal(200);
    expect(logger.entries.filter(({ message }) => message.includes('after the answer'))).to.deep.equal([]);
  });
});

describe('every other unhandled rejection', () => {
  it('reaches the listeners of the app as before', async () => {
    const issuer = await TestIssuer.start();
    const app = express().set('env', 'test');
    const axioms = { ...issuer.settings(), logger: new RecordingLogger() };
    useExpressServer(app, { controllers: [UnhandledController], axioms });
    const connection = await OneConnection.open(app);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    const strays: unknown[] = [];
    process.on('unhandledRejection', (error: unknown) => strays.push(error));
    const headers = { Authorization: `Bearer ${issuer.token()}` };
    await connection.send('/unhandled/0?owner=bob', { headers });
    await connection.send('/unhandled/other/7', { headers });
    for (const reason of ['a text', undefined, new Error('an error')])
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      void Promise.reject(reason);
    await turns(2);
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
    expect(strays.map(stray => (stray instanceof Error ? stray.message : stray))).to.deep.equal([
      'of the app',
      'a text',
      undefined,
      'an error',
    ]);
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  // In a process of its own: the test runner has listeners.
  const run = promisify(execFile);
  const script = (last: string): string => `
    require('reflect-metadata');
    const { watchRefusal } = require('./dist/src/views/unhandled-refusals.js');
    const refusal = new Error('a refusal');
    watchRefusal(refusal, { response: {}, report: () => console.log('reported') });
    const { emit } = process;
    watchRefusal(new Error('another'), { response: {}, report: () => undefined });
    process.on('other', error => console.log('other', error === refusal, emit === process.emit));
    process.emit('other', refusal);
    Promise.reject(refusal);
    setImmediate(() => { console.log(process.listenerCount('unhandledRejection')); ${last} });
  `;

  it('ends the process also where its chain of causes is endless, or cannot be read', async () => {
    for (const getter of ['return this', 'return new Next()', "throw new Error('unreadable')"]) {
      const error = `class Next extends Error { get cause() { ${getter} } }; Promise.reject(new Next('of the app'))`;
      const died: unknown = await run(process.execPath, ['-e', script(error)]).catch((failure: unknown) => failure);
      expect(died).to.include({ code: 1, stdout: 'other true true\nreported\n0\n' });
    }
  });

  it('ends the process as before, and a refusal does not', async () => {
    const lived = await run(process.execPath, ['-e', script('')]);
    expect([lived.stdout, lived.stderr]).to.deep.equal(['other true true\nreported\n0\n', '']);
    const died = (await run(process.execPath, ['-e', script("Promise.reject(new Error('of the app'))")]).catch(
      (error: unknown) => error,
    )) as { code: number; stdout: string; stderr: string };
    const plain = (await run(process.execPath, ['-e', "Promise.reject(new Error('of the app'))"]).catch(
      (error: unknown) => error,
    )) as typeof died;
    expect([died.code, plain.code, died.stdout]).to.deep.equal([1, 1, 'other true true\nreported\n0\n']);
    for (const { stderr } of [died, plain]) expect(stderr).to.match(/Error: of the app/);
    expect(died.stderr.split('\n').at(-2)).to.equal(plain.stderr.split('\n').at(-2));
  });

  it('ends the process in the strict mode as before, and a refusal does not', async () => {
    const strict = ['--unhandled-rejections=strict', '-e'];
    const lived = await run(process.execPath, [...strict, script('')]);
    expect([lived.stdout.includes('reported'), lived.stderr]).to.deep.equal([true, '']);
    const died = (await run(process.execPath, [...strict, script("Promise.reject(new Error('of the app'))")]).catch(
      (error: unknown) => error,
    )) as { code: number; stderr: string };
    expect(died.code).to.equal(1);
    expect(died.stderr).to.match(/Error: of the app/);
  });

  it('ends the process where it is thrown as before, and a refusal does not', async () => {
    const lived = await run(process.execPath, ['-e', script('process.nextTick(() => { throw refusal; })')]);
    expect([lived.stdout, lived.stderr]).to.deep.equal(['other true true\nreported\n0\nreported\n', '']);
    const thrown = "process.nextTick(() => { throw new Error('of the app'); })";
    const died = (await run(process.execPath, ['-e', script(thrown)]).catch((error: unknown) => error)) as {
      code: number;
      stderr: string;
    };
    expect(died.code).to.equal(1);
    expect(died.stderr).to.match(/Error: of the app/);
  });
});
