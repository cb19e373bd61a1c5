import { auditRoutes, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { JsonController, Get } from 'routing-controllers';
@JsonController('/reports')
class ReportController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['report:read'];

  @Get('/')
  list() {
    return [];
  }
}

const routes = auditRoutes({
  controllers: [ReportController],
  axioms: { audience: 'api', domain: 'auth.example.com', knownScopes: ['report:read'] },
});
for (const { method, path, handler, who, rule, source } of routes)
  console.log(method, path, handler, who, rule, source);
// GET /reports/ ReportController.list some the scope report:read field

export {};