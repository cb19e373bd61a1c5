import { and, or } from 'axioms-routing-controllers';
import 'reflect-metadata';
import { CurrentUser, Get, JsonController } from 'routing-controllers';
import { AccessTokenUser, AllowAny, HasAccessTokenScopes, createExpressServer } from 'axioms-routing-controllers';

@JsonController('/public')
class PublicController {
  permissionClasses = [AllowAny];

  @Get('/')
  hello() {
    return { message: 'This is a public message!' };
  }
}

@JsonController('/private')
class PrivateController {
  @Get('/')
  hello(@CurrentUser() user: AccessTokenUser) {
    return { message: 'This is a private message!', sub: user.sub };
  }
}

@JsonController('/reports')
class ReportController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['report:read'];

  @Get('/')
  list() {
    return [];
  }
}

// The audience and the issuer come from the variables AXIOMS_AUDIENCE and AXIOMS_DOMAIN or AXIOMS_ISS_URL.
const app = createExpressServer({ controllers: [PublicController, PrivateController, ReportController] });
app.listen(3000);

export {};