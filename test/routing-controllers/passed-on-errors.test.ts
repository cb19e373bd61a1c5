import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { IsSubOwner, NotFound, useExpressServer, type ApiView, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { OneConnection } from './one-connection';
import { forbidStrayErrors } from './stray-errors';

@JsonController('/notes')
class NoteController {
  permissionClasses = [IsSubOwner];
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];

  @Get('/missing/:id') missing() {
    throw new NotFound();
  }
  @Get('/nothing/:id') nothing() {
    return undefined;
  }
  @Get('/refused/:id') async refused() {
    await this.checkObjectPermissions({ user: 'bob' });
  }
  @Get('/forgotten/:id') forgotten() {
    void this.checkObjectPermissions({ user: 'bob' });
    return {};
  }
  // As code in the style of callbacks does.
  @Get('/background/:id') background() {
    setImmediate(() => this.response.json({ secret: 'SECRET' }));
  }
}

describe('an error of a handler about one object that the app passes on to a fallback', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    const axioms = { ...issuer.settings(), logger };
    useExpressServer(app, { controllers: [NoteController], defaultErrorHandler: false, axioms });
    app.use((_error: unknown, request: Request, _response: Response, next: NextFunction) => {
      if (request.query.soon === undefined) setTimeout(next, 5);
      else next();
    });
    app.use((_request: Request, response: Response) => response.send('fallback'));
    app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) =>
      response.status(599).end(),
    );
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    logger.entries.length = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  const answerOf = async (path: string) => {
    const headers = { Authorization: `Bearer ${issuer.token()}` };
    const { status, text } = await connection.send(`/notes/${path}`, { headers });
    return [status, text] as const;
  };

  for (const query of ['', '?soon=1']) {
    for (const handler of ['missing', 'nothing'])
      it(`is answered by the fallback: ${handler}/7${query}`, async () => {
        for (let turn = 0; turn < 2; turn++)
          expect(await answerOf(`${handler}/7${query}`)).to.deep.equal([200, 'fallback']);
        expect(logger.text('error')).to.equal('');
      });

    for (const handler of ['refused', 'forgotten'])
      it(`is no success where it is the refusal of a check: ${handler}/7${query}`, async () => {
        const [status, text] = await answerOf(`${handler}/7${query}`);
        expect([status >= 400, text.includes('fallback')]).to.deep.equal([true, false]);
      });
  }

  it('lets nothing leave that the handler answers by hand meanwhile', async () => {
    const [status, text] = await answerOf('background/7');
    expect([status, text.includes('SECRET')]).to.deep.equal([500, false]);
  });
});
