import { and, HasAccessTokenRoles, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { JsonController, Get } from 'routing-controllers';
@JsonController('/data')
class DataController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenAnyScopes = ['read:data', 'read:all']; // one of these …
  accessTokenAllScopes = ['openid', 'profile']; // … and both of these

  @Get('/')
  list() {
    return { data: 'success' };
  }
}

@JsonController('/admin')
class AdminController {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['admin'];

  @Get('/')
  panel() {
    return { message: 'Hello, admin' };
  }
}

export {};