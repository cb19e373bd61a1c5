/** Which handlers are about one object: `objectActions` adds to the default, `notObjectActions` excludes by name. */
import { expect } from 'chai';
import { All, Delete, Get, JsonController, Post, Put } from 'routing-controllers';
import {
  ApiController,
  CurrentObject,
  IsAuthenticated,
  IsSubOwner,
  auditRoutes,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { Api, type Method } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { silentLogger } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';
import { startError, startWarnings } from '../start-error';

type ControllerClass = new () => object;

const ran: string[] = [];

/** The lists are members of the class. */
function articles(members: object): ControllerClass {
  @JsonController('/articles')
  class ArticleController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [IsSubOwner];
    override unfilteredActions: readonly string[] = ['list'];
    override getObject() {
      return { user: 'alice' };
    }
    constructor() {
      super();
      Object.assign(this, members);
    }
    @Get() list() {
      return this.ran();
    }
    @Post('/publish') publish() {
      return this.ran();
    }
    @Get('/:id') retrieve() {
      return this.ran();
    }
    @Put('/:id') update() {
      return this.ran();
    }
    @Delete('/:id') destroy() {
      return this.ran();
    }
    private ran() {
      ran.push(this.action);
      return {};
    }
  }
  return ArticleController;
}

async function refusedTo(members: object, ...routes: readonly (readonly [Method, string])[]): Promise<string[]> {
  ran.splice(0);
  const api = await Api.start({ controllers: [articles(members)] });
  const refused: string[] = [];
  for (const [method, path] of routes) {
    const response = await api.as({ sub: 'mallory' }, method, `/articles${path}`);
    if (response.status === 200) continue;
    expectRefusal(response, 'permission_denied');
    refused.push(`${method} ${path}`);
  }
  await api.close();
  return refused;
}

const everything = [
  ['get', ''],
  ['post', '/publish'],
  ['get', '/1'],
  ['put', '/1'],
  ['delete', '/1'],
] as const;

describe('objectActions', () => {
  it('adds a handler, and keeps the owner rule on PUT /:id and DELETE /:id', async () => {
    expect(await refusedTo({ objectActions: ['publish'] }, ...everything)).to.deep.equal([
      'post /publish',
      'get /1',
      'put /1',
      'delete /1',
    ]);
    expect(ran).to.deep.equal(['list']);
  });

  it('keeps the owner rule where it is an empty list', async () => {
    expect(await refusedTo({ objectActions: [] }, ...everything)).to.deep.equal(['get /1', 'put /1', 'delete /1']);
    expect(ran).to.deep.equal(['list', 'publish']);
  });

  it('is said once to add to the default where it does not name a default handler, with the line to write', () => {
    for (const [objectActions, overlooked] of [
      [['publish'], ['retrieve', 'update', 'destroy']],
      [[], ['retrieve', 'update', 'destroy']],
      [['publish', 'update', 'retrieve'], ['destroy']],
    ] as const) {
      const warned = startWarnings(articles({ objectActions }));
      const line = `notObjectActions = [${overlooked.map(name => `'${name}'`).join(', ')}];`;
      expect(warned).to.contain('ArticleController.objectActions adds to the default').and.to.contain(line);
      expect(warned.split('adds to the default')).to.have.length(2);
    }
  });

  it('is free of warnings for an app that writes what the startup warnings advise', () => {
    const advice = startWarnings(articles({ unfilteredActions: ['list'] }));
    expect(advice)
      .to.contain('in objectActions if it is about one object (and write notObjectActions = [], which keeps')
      .and.not.to.contain('adds to the default');
    const advised = { objectActions: ['publish'], notObjectActions: [], unfilteredActions: ['list'] };
    expect(startWarnings(articles(advised))).to.equal('');
  });

  it('is not commented on where it names every default handler, or where notObjectActions is there too', () => {
    for (const members of [
      { unfilteredActions: ['list', 'publish'] },
      { unfilteredActions: ['list', 'publish'], objectActions: undefined },
      { objectActions: ['publish', 'retrieve', 'update', 'destroy'] },
      { objectActions: ['publish'], notObjectActions: [] },
    ])
      expect(startWarnings(articles(members)), JSON.stringify(members)).not.to.contain('bjectActions');
  });

  it('is said to overlook a handler of every method, which is about an object for PUT', () => {
    @JsonController('/all')
    class AllController {
      permissionClasses = [IsSubOwner];
      objectActions = ['publish'];
      getObject() {
        return {};
      }
      @Post('/publish') publish() {
        return {};
      }
      @All('/') serve() {
        return {};
      }
    }
    expect(startWarnings(AllController)).to.contain("notObjectActions = ['serve']");
  });
});

describe('notObjectActions', () => {
  it('excludes handlers by name, and no other', async () => {
    const members = { objectActions: ['publish'], notObjectActions: ['update', 'list'] };
    expect(await refusedTo(members, ...everything)).to.deep.equal(['post /publish', 'get /1', 'delete /1']);
    expect(ran).to.deep.equal(['list', 'update']);
  });

  it('still needs an authenticated caller', async () => {
    const api = await Api.start({ controllers: [articles({ notObjectActions: ['update'] })] });
    ran.splice(0);
    expectRefusal(await api.as(null, 'put', '/articles/1'), 'not_authenticated');
    expect(ran).to.deep.equal([]);
    await api.close();
  });

  it('is warned of at startup, once, with the handlers', () => {
    const warned = startWarnings(articles({ notObjectActions: ['update', 'destroy'] }));
    expect(warned).to.contain('ArticleController.notObjectActions excludes update, destroy');
    expect(warned.split('notObjectActions')).to.have.length(2);
    expect(startWarnings(articles({ notObjectActions: [], unfilteredActions: ['list', 'publish'] }))).to.equal('');
  });

  it('is said at startup of the handlers without an object, where there is an object rule', () => {
    const said = (members: object): string => {
      const logger = new RecordingLogger();
      auditRoutes({
        controllers: [articles(members)],
        axioms: { audience: 'api', issuerUrl: 'http://127.0.0.1:9', logger },
      });
      return logger.text('info');
    };
    expect(said({})).to.contain('ArticleController.list is about no one object: its object rule asks nothing there.');
    expect(said({})).to.contain('publish is about no one object').and.not.contain('update is about no one object');
    expect(said({ permissionClasses: [IsAuthenticated] })).not.to.contain('is about no one object');
  });

  it('is named in the audit of the handlers that it excludes', () => {
    const axioms = { audience: 'api', issuerUrl: 'http://127.0.0.1:9', logger: silentLogger };
    const audits = auditRoutes({ controllers: [articles({ notObjectActions: ['update'] })], axioms });
    expect(audits.map(({ handler, who, rule }) => [handler.split('.')[1], who, rule])).to.deep.equal([
      ['list', 'authenticated', 'authenticated; without object rules by unfilteredActions'],
      ['publish', 'authenticated', 'authenticated'],
      ['retrieve', 'some', 'the owner (user)'],
      ['update', 'authenticated', 'authenticated; without object rules by notObjectActions'],
      ['destroy', 'some', 'the owner (user)'],
    ]);
  });

  it('stops the start where it names no handler, is no list, looks at the request, or contradicts objectActions', () => {
    const start = (members: object): string => startError(articles(members));
    expect(start({ notObjectActions: ['updat'] })).to.match(
      /notObjectActions names 'updat', which is no handler.*update/,
    );
    expect(start({ notObjectActions: 'update' })).to.contain('ArticleController.notObjectActions must be a list');
    expect(start({ notObjectActions: [7] })).to.contain('notObjectActions');
    expect(start({ objectActions: ['update'], notObjectActions: ['update'] })).to.contain(
      "ArticleController names 'update' in objectActions and in notObjectActions",
    );
    expect(start({ notObjectAction: ['update'] })).to.contain('did you mean notObjectActions');
    @JsonController('/fickle')
    class FickleController extends ApiController {
      override permissionClasses = [IsSubOwner];
      override get notObjectActions() {
        return this.request.query.all === undefined ? ['update'] : [];
      }
      @Put('/:id') update() {
        return {};
      }
    }
    expect(startError(FickleController)).to.contain('notObjectActions').and.contain('may not look at the request');
  });

  it('stops the start where it is static, or where a field of a base class hides the getter', () => {
    class StaticController extends articles({}) {
      static notObjectActions = ['update'];
    }
    JsonController('/static')(StaticController);
    expect(startError(StaticController)).to.contain('StaticController.notObjectActions is static');
  });

  it('stops the start where a handler that it excludes has @CurrentObject()', () => {
    @JsonController('/current')
    class CurrentController {
      permissionClasses = [IsAuthenticated];
      notObjectActions = ['retrieve'];
      getObject() {
        return {};
      }
      @Get('/:id') retrieve(@CurrentObject() object: object) {
        return object;
      }
    }
    expect(startError(CurrentController)).to.contain("remove 'retrieve' from notObjectActions");
  });

  it('may exclude every handler on purpose', () => {
    @JsonController('/purpose')
    class PurposeController {
      permissionClasses = [IsSubOwner];
      notObjectActions = ['update'];
      @Get('/') list() {
        return [];
      }
      @Put('/:id') update() {
        return {};
      }
    }
    const logger = new RecordingLogger();
    auditRoutes({
      controllers: [PurposeController],
      axioms: { audience: 'api', issuerUrl: 'http://127.0.0.1:9', logger },
    });
    expect(logger.text('warn')).to.contain('PurposeController.notObjectActions excludes update');
  });
});
