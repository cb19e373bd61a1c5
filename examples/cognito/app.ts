/** An API behind an Amazon Cognito user pool: groups serve as roles, and an ID token is refused. */
import 'reflect-metadata';
import { CurrentUser, Get, JsonController, Post } from 'routing-controllers';
import {
  AccessTokenUser,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  createExpressServer,
} from 'axioms-routing-controllers';

const pool = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example';

@JsonController('/me')
class MeController {
  @Get('/')
  show(@CurrentUser() { sub, roles, scopes }: AccessTokenUser) {
    return { sub, roles, scopes };
  }
}

// A custom scope of Cognito starts with the identifier of its resource server.
@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['books/read'];

  @Get('/')
  list() {
    return [{ title: 'The Farthest Shore' }];
  }
}

@JsonController('/reindex')
class ReindexController {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['admins'];

  @Post('/')
  start() {
    return { started: true };
  }
}

export const app = createExpressServer({
  controllers: [MeController, BookController, ReindexController],
  axioms: {
    issuerUrl: process.env.COGNITO_POOL_URL ?? pool,
    // Access tokens of Cognito have `client_id` instead of `aud`.
    audience: process.env.COGNITO_CLIENT_ID ?? 'your-app-client-id',
    audienceClaims: ['client_id'],
    requiredClaims: { token_use: 'access' },
    rolesClaims: ['cognito:groups'],
  },
});
app.listen(Number(process.env.PORT ?? 3000));
