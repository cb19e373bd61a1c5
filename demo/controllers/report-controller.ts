import { HasAccessTokenScopes, HasValidAccessToken } from 'axioms-routing-controllers';
import { Get, JsonController } from 'routing-controllers';

/** Finances need all of their scopes; the digest needs all of one list and any of another. */
@JsonController('/reports')
export class ReportController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenScopes];

  get accessTokenAllScopes() {
    return this.action === 'finances' ? ['report:read', 'report:finance'] : ['openid', 'profile'];
  }

  get accessTokenAnyScopes() {
    return this.action === 'digest' ? ['report:read', 'report:finance'] : [];
  }

  declare action: string;

  @Get('/finances')
  finances() {
    return { message: 'Finances read.' };
  }

  @Get('/digest')
  digest() {
    return { message: 'Digest read.' };
  }
}
