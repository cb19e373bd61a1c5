/** What the checks of lists and of objects say in cases that are rare. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Action, Get, InterceptorInterface, JsonController, UseInterceptor } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  and,
  ApiController,
  BasePermission,
  IsAuthenticated,
  IsSubOwner,
  not,
  or,
  type ApiView,
  type PermissionRule,
} from 'axioms-routing-controllers';
import {
  matches,
  noObjects,
  normalForm,
  whereCompare,
  whereEquals,
  type ObjectFilter,
} from 'axioms-routing-controllers/filters';
import { auditTable } from '../../src/views/start/audit';
import type { AxiomsServer } from '../../src/routing-controllers/start/axioms-server';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { SeveralIssuers } from '../several-issuers';
import { startWarnings } from '../start-error';

const notes = [
  { id: 1, user: 'alice' },
  { id: 2, user: 'bob' },
];

class NoNote extends BasePermission {
  override objectFilter() {
    return noObjects;
  }
}

let asked = 0;
class Counted extends BasePermission {
  override objectFilter() {
    asked++;
    return whereEquals('user', 'alice');
  }
}

class UntilNow extends BasePermission {
  override objectFilter() {
    return whereCompare('at', '<=', new Date('2025-01-01T00:00:00.000Z'));
  }
}

class Flagged extends BasePermission {
  override objectFilter() {
    return whereEquals('flag', true);
  }
}

class AsksTooEarly extends BasePermission {
  override async hasPermission(_request: Request, controller: ApiView) {
    return matches(await controller.authorizedFilter(), notes[0] as object);
  }
}

class WithoutRule extends BasePermission {}

@JsonController('/none-first')
class NoneFirstController extends ApiController {
  override permissionClasses = [NoNote, Counted];
  @Get('/') async list() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
}

@JsonController('/early')
class EarlyController extends ApiController {
  override permissionClasses = [AsksTooEarly, IsSubOwner];
  @Get('/') async list() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
}

@JsonController('/sometimes')
class SometimesController extends ApiController {
  override get permissionClasses(): readonly PermissionRule[] {
    return this.request.query.empty === '1' ? [WithoutRule] : [IsSubOwner];
  }
  @Get('/') async list() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
}

@JsonController('/others')
class OthersController extends ApiController {
  override permissionClasses = [IsAuthenticated];
  @Get('/') async list() {
    return notes.filter(matchesIn(await this.authorizedFilter(SometimesController)));
  }
}

class AsText implements InterceptorInterface {
  intercept(_action: Action, content: unknown) {
    return JSON.stringify(content);
  }
}

@JsonController('/texts')
@UseInterceptor(AsText)
class TextController extends ApiController {
  override permissionClasses = [IsSubOwner];
  @Get('/all') async all() {
    normalForm(await this.authorizedFilter());
    return notes;
  }
  @Get('/own') async own() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
}

@JsonController('/shapes')
class ShapeController extends ApiController {
  override permissionClasses = [IsSubOwner];
  @Get('/null') async nothing() {
    normalForm(await this.authorizedFilter());
    return null;
  }
  @Get('/bytes') async bytes() {
    normalForm(await this.authorizedFilter());
    return Buffer.from('own');
  }
}

@JsonController('/times')
class TimeController extends ApiController {
  override permissionClasses = [UntilNow];
  @Get('/text') async text() {
    normalForm(await this.authorizedFilter());
    return [{ at: '2026-01-01T00:00:00.000Z' }];
  }
  @Get('/later') async later() {
    normalForm(await this.authorizedFilter());
    return [{ at: new Date('2026-01-01T00:00:00.000Z') }];
  }
}

@JsonController('/flags')
class FlagController extends ApiController {
  override permissionClasses = [Flagged];
  @Get('/number') async number() {
    normalForm(await this.authorizedFilter());
    return [{ flag: 0 }];
  }
  @Get('/false') async wrong() {
    normalForm(await this.authorizedFilter());
    return [{ flag: false }];
  }
}

@JsonController('/checked')
class CheckedController extends ApiController {
  override permissionClasses = [Flagged];
  @Get('/text/:id') async text() {
    await this.checkObjectPermissions('a text');
    return {};
  }
}

@JsonController('/owned')
class OwnedController extends ApiController {
  override permissionClasses = [IsSubOwner];
  @Get('/:id') async nothing() {
    await this.checkObjectPermissions(null);
    return {};
  }
}

describe('the checks of lists', () => {
  const logger = new RecordingLogger();
  let api: Api;

  before(async () => {
    api = await Api.start({
      controllers: [
        ...[NoneFirstController, EarlyController, SometimesController, OthersController, TextController],
        ...[ShapeController, TimeController, FlagController, CheckedController, OwnedController],
      ],
      axioms: { logger },
    });
  });
  after(() => api.close());

  async function expectAnswer(path: string, status: number, logged = ''): Promise<unknown> {
    const answer = await api.as({ sub: 'alice' }, 'get', path);
    expect(answer.status, `${path}: ${answer.text}`).to.equal(status);
    if (logged !== '') expect(logger.text('error')).to.include(logged);
    return answer.body;
  }

  it('ask no further rule where one allows no object', async () => {
    expect(await expectAnswer('/none-first', 200)).to.deep.equal([]);
    expect(asked).to.equal(0);
  });

  it('refuse a rule that asks for the filter while the rules are asked', () =>
    expectAnswer('/early', 500, 'called authorizedFilter() before its rules were asked'));

  it('refuse a class without a rule in the list of another controller', async () => {
    expect(await expectAnswer('/others', 200)).to.deep.equal([notes[0]]);
    await expectAnswer('/others?empty=1', 500, 'WithoutRule, which defines neither');
  });

  it('look at what a handler returns before an interceptor makes a text of it', async () => {
    await expectAnswer('/texts/all', 500, 'returned an object that its rules do not allow');
    await expectAnswer('/texts/own', 200);
  });

  it('leave alone what has no members', async () => {
    await expectAnswer('/shapes/null', 204);
    await expectAnswer('/shapes/bytes', 200);
  });

  it('say nothing of a time that is text, or of a flag that is a number', async () => {
    await expectAnswer('/times/text', 200);
    await expectAnswer('/times/later', 500);
    await expectAnswer('/flags/number', 200);
    await expectAnswer('/flags/false', 500);
  });

  it('name the rule that is asked about something that is no object', async () => {
    await expectAnswer('/checked/text/1', 500, 'Flagged is asked about a value that is no object');
    await expectAnswer('/owned/1', 500, "has no attribute 'user'");
  });

  it('are in the table of the audit, with a column for each question', () => {
    const { routes } = api.app.locals.axioms as AxiomsServer;
    expect(routes).not.to.deep.equal([]);
    const row = {
      ...{ method: 'GET', path: '/notes', handler: 'NoteController.list', who: 'authenticated', rule: 'the owner' },
      ...{ source: 'NoteController.permissionClasses', order: null },
    } as never;
    const [header, line] = auditTable([row]).split('\n');
    expect(header?.trim().split(/ {2,}/)).to.deep.equal(['METHOD', 'PATH', 'HANDLER', 'WHO', 'RULE', 'SOURCE']);
    expect(line?.trim().split(/ {2,}/)).to.deep.equal([
      ...['GET', '/notes', 'NoteController.list', 'authenticated', 'the owner'],
      'NoteController.permissionClasses',
    ]);
  });
});

describe('the owner rule', () => {
  const rule = new IsSubOwner();
  const request = {} as Request;

  it('owns nothing where no guard has seen the request', () => {
    expect(rule.hasObjectPermission(request, new OwnedController(), { user: 'alice' })).to.equal(false);
  });

  it('allows no object to nobody, whatever ownerOf() says', () => {
    const controller = Object.assign(new OwnedController(), { ownerOf: () => 'guest' });
    expect(rule.objectFilter(request, controller)).to.equal(noObjects);
  });
});

describe('a list whose rules an object cannot change', () => {
  for (const [name, rule, needsFilter] of [
    ['anybody, or the owner', or(AllowAny, IsSubOwner), false],
    ['the same, negated twice', not(not(or(AllowAny, IsSubOwner))), false],
    ['the owner, negated twice', and(IsAuthenticated, not(not(IsSubOwner))), true],
    ['not both anybody and the owner', not(and(AllowAny, IsSubOwner)), true],
    ['neither anybody nor the owner', not(or(AllowAny, IsSubOwner)), false],
  ] as const)
    it(`${needsFilter ? 'needs a' : 'needs no'} filter: ${name}`, async () => {
      @JsonController('/composed')
      class ComposedController extends ApiController {
        override permissionClasses = [rule];
        @Get('/') list() {
          return notes;
        }
      }
      const api = await Api.start({ controllers: [ComposedController] });
      const { status } = await api.as({ sub: 'alice' }, 'get', '/composed');
      await api.close();
      expect(status === 500).to.equal(needsFilter);
    });
});

describe('a controller that says which handlers are about an object', () => {
  it('is not asked again about one that it names as a list', () => {
    @JsonController('/named')
    class NamedController extends ApiController {
      override permissionClasses = [IsSubOwner];
      override objectActions = ['one'];
      override listActions = ['ofUser'];
      override unfilteredActions = ['tags'];
      override getObject() {
        return notes[0];
      }
      @Get('/:id') one() {
        return {};
      }
      @Get('/:id/notes') ofUser() {
        return [];
      }
      @Get('/:id/tags') tags() {
        return [];
      }
    }
    expect(startWarnings(NamedController)).not.to.include('objectActions');
  });
});

function matchesIn(filter: ObjectFilter): (object: object) => boolean {
  return object => matches(filter, object);
}

describe('an object rule in a field, without a filter', () => {
  it('is asked as one in a method is', async () => {
    class Allows extends BasePermission {
      override hasObjectPermission = (_request: Request, _controller: ApiView, object: unknown) =>
        (object as { id: number }).id === 1;
    }
    @JsonController('/fields')
    class FieldController extends ApiController {
      override permissionClasses = [Allows];
      override getObject() {
        return notes.find(({ id }) => id === Number(this.request.params.id));
      }
      @Get('/:id') one() {
        return {};
      }
    }
    const api = await Api.start({ controllers: [FieldController] });
    const answers = [await api.as({}, 'get', '/fields/1'), await api.as({}, 'get', '/fields/2')];
    await api.close();
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 403]);
  });
});

describe('an owner rule that only a request names, with several issuers', () => {
  it('has no filter until the controller says whose subject it is', async () => {
    @JsonController('/per-request')
    class PerRequestController extends ApiController {
      override get permissionClasses(): readonly PermissionRule[] {
        return this.request.query.own === '1' ? [IsAuthenticated, IsSubOwner] : [IsAuthenticated];
      }
      @Get('/') async list() {
        return notes.filter(matchesIn(await this.authorizedFilter()));
      }
    }
    const logger = new RecordingLogger();
    const api = await SeveralIssuers.start({ each: [{}, {}], controllers: [PerRequestController], axioms: { logger } });
    const token = api.issuers[0]?.token({ sub: 'alice' }) ?? '';
    const ask = (path: string) => request(api.app).get(path).set('Authorization', `Bearer ${token}`);
    const answers = [await ask('/per-request'), await ask('/per-request?own=1')];
    await api.close();
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 500]);
    expect(logger.text('error')).to.include('several issuers are trusted');
  });
});
