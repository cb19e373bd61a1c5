import { createExpressServer, AllowAny } from 'axioms-routing-controllers';
import { JsonController, Get, Authorized } from 'routing-controllers';
@JsonController('/legacy')
class LegacyController {
  @Authorized('admin')
  @Get('/')
  list() {
    return [];
  }
}

const app = createExpressServer({
  controllers: [LegacyController],
  axioms: {
    audience: 'https://api.example.com',
    domain: 'auth.example.com',
    defaultAuthenticationClasses: [],
    defaultPermissionClasses: [AllowAny],
  },
});

export {};