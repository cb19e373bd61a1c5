/** The smallest API: one open route, one for every valid token, one for tokens with a scope. */
import 'reflect-metadata';
import { CurrentUser, Get, JsonController } from 'routing-controllers';
import { AccessTokenUser, AllowAny, HasAccessTokenScopes, createExpressServer } from 'axioms-routing-controllers';

@JsonController('/public')
class PublicController {
  permissionClasses = [AllowAny];

  @Get('/')
  hello() {
    return { message: 'Anyone may read this.' };
  }
}

// A controller without rules needs a valid token.
@JsonController('/private')
class PrivateController {
  @Get('/')
  hello(@CurrentUser() user: AccessTokenUser) {
    return { message: `Hello, ${user.sub}.` };
  }
}

@JsonController('/reports')
class ReportController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['report:read'];

  @Get('/')
  list() {
    return [{ title: 'Sales' }];
  }
}

// The audience and the issuer come from AXIOMS_AUDIENCE and AXIOMS_ISS_URL.
export const app = createExpressServer({ controllers: [PublicController, PrivateController, ReportController] });
app.listen(Number(process.env.PORT ?? 3000));
