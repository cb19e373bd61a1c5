import { HasAccessTokenRoles, HasValidAccessToken } from 'axioms-routing-controllers';
import { Delete, Get, HttpCode, JsonController, OnUndefined, Patch, Post } from 'routing-controllers';

/** One role for all that can be done here. */
@JsonController('/role')
export class RoleController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['editor'];

  @Get('/')
  read() {
    return { message: 'Role read.' };
  }

  @Post('/')
  @HttpCode(201)
  create() {
    return { message: 'Role created.' };
  }

  @Patch('/')
  update() {
    return { message: 'Role updated.' };
  }

  @Delete('/')
  @OnUndefined(204)
  destroy() {
    return undefined;
  }
}
