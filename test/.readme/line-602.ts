import { BasePermission, DenyAll, IsAuthenticated, IsAuthenticatedOrPublicMethod, IsAuthenticatedOrReadOnly, IsSafeOnly, AxiomsRequest } from 'axioms-routing-controllers';
import { JsonController, Get, Param } from 'routing-controllers';
import { Request } from 'express';
class IsInOwnTenant extends BasePermission {
  override message = 'This belongs to another tenant';
  override code = 'wrong_tenant';

  override hasPermission(request: Request) {
    return (request as AxiomsRequest).authJwt?.tenant === request.params.tenant;
  }
}

@JsonController('/tenants')
class TenantController {
  permissionClasses = [IsAuthenticated, IsInOwnTenant];

  @Get('/:tenant')
  show(@Param('tenant') tenant: string) {
    return { tenant };
  }
}

@JsonController('/closed')
class ClosedController {
  permissionClasses = [DenyAll];

  @Get('/')
  never() {
    return {};
  }
}

@JsonController('/news')
class NewsController {
  permissionClasses = [IsAuthenticatedOrReadOnly];

  @Get('/')
  list() {
    return [];
  }
}

@JsonController('/status')
class StatusController {
  permissionClasses = [IsAuthenticatedOrPublicMethod, IsSafeOnly];

  @Get('/')
  show() {
    return { status: 'fine' };
  }
}

export {};