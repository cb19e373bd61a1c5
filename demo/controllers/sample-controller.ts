import { HasAccessTokenPermissions, HasValidAccessToken, type AxiomsRequest } from 'axioms-routing-controllers';
import { Delete, Get, HttpCode, JsonController, OnUndefined, Patch, Post } from 'routing-controllers';

const permissionsByMethod: Record<string, string[]> = {
  GET: ['sample:read'],
  POST: ['sample:create'],
  PATCH: ['sample:update'],
  DELETE: ['sample:delete'],
};

/** Permissions per HTTP method. */
@JsonController('/sample')
export class SampleController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenPermissions];

  get accessTokenPermissions() {
    return permissionsByMethod[this.request.method] ?? [];
  }

  declare request: AxiomsRequest;

  @Get('/')
  read() {
    return { message: 'Sample read.' };
  }

  @Post('/')
  @HttpCode(201)
  create() {
    return { message: 'Sample created.' };
  }

  @Patch('/')
  update() {
    return { message: 'Sample updated.' };
  }

  @Delete('/')
  @OnUndefined(204)
  destroy() {
    return undefined;
  }
}
