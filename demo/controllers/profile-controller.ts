import { HasAccessTokenScopes, HasValidAccessToken, type AxiomsRequest } from 'axioms-routing-controllers';
import { Get, JsonController } from 'routing-controllers';

/** One of two scopes is enough. */
@JsonController('/profile')
export class ProfileController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['openid', 'profile'];

  declare request: AxiomsRequest;

  @Get('/')
  read() {
    return { message: 'All good. You are authenticated!', sub: this.request.user?.sub };
  }
}
