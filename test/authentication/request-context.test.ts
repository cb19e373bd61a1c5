import { expect } from 'chai';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  IsAdminUser,
  IsAuthenticated,
  SessionAuthentication,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

type Users = Record<string, object>;

const users: Users = {
  alice: { id: 1, name: 'alice', isStaff: false },
  bob: { id: 2, name: 'bob', isStaff: false },
};

@JsonController('/mine')
class MineController {
  declare request: AxiomsRequest;
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [IsAuthenticated];

  @Get('/') async show() {
    await new Promise(setImmediate);
    return { user: (this.request.user as { name?: string }).name };
  }
}

@JsonController('/admin')
class AdminController {
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [IsAdminUser];

  @Get('/') show() {
    return {};
  }
}

/** Answers several requests in one: each a copy of the one that came, with another path and user. */
function answerBatch(app: Express) {
  return async (batch: Request, response: Response): Promise<void> => {
    const paths = (batch.query['paths'] as string).split(',');
    const answers: string[] = [];
    for (const path of paths) answers.push(await answerOf(app, batch, path));
    response.json(answers);
  };
}

function answerOf(app: Express, batch: Request, path: string): Promise<string> {
  const [url = '', name = ''] = path.split('@');
  const copy = Object.assign(Object.create(Object.getPrototypeOf(batch) as object) as Request, batch, {
    url,
    user: users[name],
  });
  const response = Object.create(batch.res!) as Response;
  return new Promise(resolve => {
    response.status = () => response;
    response.json = body => (resolve(JSON.stringify(body)), response);
    (app as unknown as { handle: RequestHandler }).handle(copy, response, () => undefined);
    // A refusal is written where this stand-in does not look.
    if (url === '/admin') setImmediate(resolve, 'refused');
  });
}

// Regression: the context of a request is kept with its raw headers, which copies of it share.
describe('copies of a request, which have its raw headers', () => {
  let issuer: TestIssuer;
  let app: Express;

  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    app.get('/batch', answerBatch(app));
    useExpressServer(app, { controllers: [MineController, AdminController], axioms: issuer.settings() });
  });
  after(async () => {
    (app.locals as { axioms: AxiomsServer }).axioms.close();
    await issuer.close();
  });

  async function batch(...paths: string[]): Promise<string[]> {
    return (await request(app).get(`/batch?paths=${paths.join(',')}`)).body as string[];
  }

  it('are each somebody of their own', async () => {
    const answers = await batch('/mine@alice', '/mine@bob', '/mine@alice');
    expect(answers).to.deep.equal(['{"user":"alice"}', '{"user":"bob"}', '{"user":"alice"}']);
  });

  it('do not become who was refused before', async () => {
    expect(await batch('/admin@alice', '/mine@bob')).to.deep.equal(['refused', '{"user":"bob"}']);
  });
});
