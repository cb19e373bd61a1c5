import { and, DenyAll, IsAuthenticated } from 'axioms-routing-controllers';
import { JsonController, Get, Post, Delete, Param } from 'routing-controllers';
import {
  allowAny,
  hasRequiredPermissions,
  hasRequiredRoles,
  hasRequiredScopes,
  hasValidAccessToken,
  permissionClasses,
} from 'axioms-routing-controllers/decorators';

@JsonController('/resources')
@hasValidAccessToken()
class ResourceController {
  @Get('/')
  @hasRequiredScopes(['openid', 'profile']) // one of these …
  @hasRequiredRoles(['editor']) // … and this role …
  @hasRequiredPermissions('resource:read', 'resource:write') // … and one of these
  list() {
    return [];
  }
}

@JsonController('/magazines')
class MagazineController {
  permissionClasses = [IsAuthenticated];

  @Get('/')
  @allowAny()
  list() {
    return [];
  }

  @Delete('/:id')
  @permissionClasses([DenyAll])
  remove(@Param('id') id: number) {
    return { id };
  }

  @Post('/')
  create() {
    return {};
  }
}

export {};