import { and, not, or, IsSafeOnly, HasAccessTokenRoles, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { JsonController, Get, Post } from 'routing-controllers';
@JsonController('/wiki')
class WikiController {
  permissionClasses = [or(IsSafeOnly, and(HasAccessTokenScopes, not(HasAccessTokenRoles)))];
  accessTokenScopes = ['wiki:write'];
  accessTokenRoles = ['suspended'];

  @Get('/')
  read() {
    return {};
  }

  @Post('/')
  write() {
    return {};
  }
}

export {};