import { expect } from 'chai';
import { Get, JsonController, Post } from 'routing-controllers';
import type { Request } from 'express';
import {
  BasePermission,
  IsAuthenticated,
  IsSubOwnerOrSafeOnly,
  callerOf,
  not,
  type PermissionRule,
  type Requirement,
} from 'axioms-routing-controllers';
import { Api, type Method } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';

class Suspended extends BasePermission {
  override hasPermission(request: Request) {
    return callerOf(request).roles?.includes('suspended') === true;
  }
  override hasObjectPermission(_request: Request, _controller: object, object: unknown) {
    return (object as { user: string }).user === 'bob';
  }
  override requirement(): Requirement {
    return { kind: 'roles', match: 'any', values: ['suspended'] };
  }
}

class Everybody extends Suspended {
  override hasPermission() {
    return true;
  }
  override requirement(): Requirement {
    return { kind: 'anyone' };
  }
}

const lists: Record<string, readonly PermissionRule[]> = {
  suspended: [IsAuthenticated, not(Suspended)],
  everybody: [not(Everybody)],
  twice: [not(not(Suspended))],
  'not-owned': [not(IsSubOwnerOrSafeOnly)],
  owned: [IsSubOwnerOrSafeOnly],
};

const controllers = Object.entries(lists).map(([name, list]) => {
  @JsonController(`/${name}`)
  class UndecidedController {
    permissionClasses = list;
    unfilteredActions = ['list'];
    getObject() {
      return { user: 'bob' };
    }
    @Get('/') list() {
      return [];
    }
    @Post('/') create() {
      return {};
    }
    @Get('/:id') read() {
      return {};
    }
  }
  Object.defineProperty(UndecidedController, 'name', { value: name });
  return UndecidedController;
});

describe('The negation of a class with both rules', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers, axioms: { logger } });
  });
  after(() => api.close());

  it('appears in the audit as the server decides it', async () => {
    const told: Record<string, string> = {};
    for (const { method, path, who, rule } of api.server.audit()) {
      const asked = [null, {}, { roles: ['suspended'] }, { sub: 'bob' }].map(claims =>
        api.as(claims, method.toLowerCase() as Method, path.replace(':id', '1')),
      );
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      told[`${method} ${path}`] = `${statuses.join(' ')} | ${who} | ${rule}`;
    }
    expect(told).to.deep.equal({
      'GET /suspended/': '401 200 200 200 | authenticated | authenticated; without object rules by unfilteredActions',
      'POST /suspended/': '401 200 200 200 | authenticated | authenticated',
      'GET /suspended/:id': '401 200 403 200 | some | authenticated and not (the role suspended and Suspended)',
      'GET /everybody/': '200 200 200 200 | anyone | anyone; without object rules by unfilteredActions',
      'POST /everybody/': '200 200 200 200 | anyone | anyone',
      'GET /everybody/:id': '401 403 403 403 | undecided | not Everybody',
      'GET /twice/': '401 403 200 403 | some | the role suspended; without object rules by unfilteredActions',
      'POST /twice/': '401 403 200 403 | some | the role suspended',
      'GET /twice/:id': '401 403 200 403 | some | the role suspended',
      'GET /not-owned/': '401 403 403 403 | nobody | nobody; without object rules by unfilteredActions',
      'POST /not-owned/': '401 200 200 200 | authenticated | authenticated',
      'GET /not-owned/:id': '401 403 403 403 | nobody | nobody',
      'GET /owned/': '401 200 200 200 | authenticated | authenticated; without object rules by unfilteredActions',
      'POST /owned/': '401 200 200 200 | authenticated | authenticated',
      'GET /owned/:id': '401 200 200 200 | authenticated | authenticated',
    });
  });

  it('is reported at startup where there is no object', () => {
    const warnings = logger.entries.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warnings.map(message => message.split(',')[0])).to.deep.equal([
      'suspended.list has not(Suspended)',
      'suspended.create has not(Suspended)',
      'everybody.list has not(Everybody)',
      'everybody.create has not(Everybody)',
    ]);
    expect(warnings[0]).to.equal(
      'suspended.list has not(Suspended), which refuses nobody there: it has a rule about an object, and without an object its negation is undecided. Put what it says of the request into a class without hasObjectPermission().',
    );
  });
});
