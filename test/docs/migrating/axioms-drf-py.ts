// #region after
import { Delete, Get, JsonController, Post } from 'routing-controllers';
import {
  ApiController,
  HasAccessTokenPermissions,
  HasAccessTokenScopes,
  HasValidAccessToken,
  createExpressServer,
  type SettingsInput,
} from 'axioms-routing-controllers';

@JsonController('/samples')
class SampleController extends ApiController {
  override authenticationClasses = [HasValidAccessToken];
  override permissionClasses = [HasAccessTokenScopes, HasAccessTokenPermissions];
  override accessTokenScopes = ['openid', 'profile'];

  override get accessTokenPermissions() {
    return { GET: ['sample:read'], POST: ['sample:create'], DELETE: ['sample:delete'] }[this.request.method] ?? [];
  }

  @Get('/')
  list() {
    return { message: 'Sample read.' };
  }

  @Post('/')
  create() {
    return { message: 'Sample created.' };
  }

  @Delete('/')
  clear() {
    return { message: 'Samples deleted.' };
  }
}

export function createApp(axioms?: SettingsInput) {
  return createExpressServer({ controllers: [SampleController], axioms });
}
// #endregion after
