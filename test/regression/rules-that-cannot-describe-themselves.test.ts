/** A refusal is decided before the rules say what they require: a description that fails must not change it. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import {
  BasePermission,
  HasAccessTokenScopes,
  TokenHasScope,
  and,
  or,
  type ApiView,
  type Requirement,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';

/** Makes the requirement of a project that the request may not have. */
class OfProject extends BasePermission {
  override hasPermission(request: Request): boolean {
    return request.query.open === '1';
  }
  override requirement({ request }: ApiView): Requirement {
    const { project } = Object(request) as { project?: { id: string } };
    return { kind: 'scopes', match: 'all', values: [`project:${project!.id}`] };
  }
}

class OfProjectLater extends OfProject {
  override requirement(): Requirement {
    return Promise.reject(new Error('The database is away')) as never;
  }
}

class Refusing extends OfProject {
  override requirement(): Requirement {
    return { kind: 'scopes', match: 'all', values: ['of:refusing'] };
  }
}

/** Names no scopes for some requests, which is a fault of the server where it is asked for the answer. */
class OfKind extends TokenHasScope {
  override getScopes(request: Request): string[] {
    return typeof request.query.kind === 'string' ? [request.query.kind] : [];
  }
}

class Granting extends BasePermission {
  override hasPermission(request: Request): boolean {
    return request.query.granted === '1';
  }
}

@JsonController('/descriptions')
class DescriptionController {
  accessTokenScopes = ['book:read'];
  declare request: ApiView['request'];

  get permissionClasses(): object[] {
    const lists: Readonly<Record<string, object[]>> = {
      behind: [HasAccessTokenScopes, OfProject],
      later: [HasAccessTokenScopes, OfProjectLater],
      itself: [OfProject],
      branch: [or(and(Refusing, OfKind), Granting)],
    };
    const { list = 'behind' } = Object((this.request as Request | undefined)?.query) as { list?: string };
    return lists[list]!;
  }
  @Get('/') list() {
    return [];
  }
}

describe('regression: a rule that cannot describe itself', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [DescriptionController], axioms: { logger } });
  });
  after(() => api.close());

  for (const [what, list, error] of [
    ['throws, and is behind the one that refuses', 'behind', 'insufficient_scope'],
    ['rejects, and is behind the one that refuses', 'later', 'insufficient_scope'],
    ['throws, and is the one that refuses', 'itself', 'permission_denied'],
    ['throws, and is in the branch of the one that refuses', 'branch', 'permission_denied'],
  ] as const)
    it(`leaves a 403 as it is: it ${what}`, async () => {
      const refused = await api.as({ sub: 'alice' }, 'get', `/descriptions?list=${list}`);
      expectRefusal(refused, error, error === 'insufficient_scope' ? 'book:read' : undefined);
    });

  it('is reported to the log', () => {
    expect(logger.text('warn')).to.include('OfProject').and.include('cannot describe what it requires');
    expect(logger.text('debug')).to.include('A rule failed that was asked for the reason of a refusal');
    expect(logger.text('error')).to.equal('');
  });
});
