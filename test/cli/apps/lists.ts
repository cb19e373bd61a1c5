/** An API with lists under rules about objects, as a user exports it. */
import 'reflect-metadata';
import { Get, JsonController } from 'routing-controllers';
import {
  ApiController,
  BasePermission,
  HasAccessTokenRoles,
  IsSubOwner,
  or,
  type AxiomsServerOptions,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { audience, silentLogger } from '../../issuer/test-issuer';
import { readMembers } from '../../read-members';

/** What the test sets before it runs a command. */
export const choice: { issuerUrl: string; rule: PermissionRule; unfiltered: string[] } = {
  issuerUrl: 'http://127.0.0.1:9',
  rule: or(HasAccessTokenRoles, IsSubOwner),
  unfiltered: [],
};

export class IsEditor extends BasePermission {
  override hasObjectPermission(): boolean {
    throw new Error('no object is asked about');
  }
}

export function options(): AxiomsServerOptions {
  @JsonController('/notes')
  class NoteController extends ApiController {
    override permissionClasses = [choice.rule];
    override unfilteredActions = choice.unfiltered;
    constructor() {
      super();
      Object.assign(this, readMembers([choice.rule], { accessTokenRoles: ['admin'] }));
    }
    @Get() list() {
      return [];
    }
  }
  const { issuerUrl } = choice;
  return { controllers: [NoteController], axioms: { audience, issuerUrl, logger: silentLogger, jwksPrefetch: false } };
}
