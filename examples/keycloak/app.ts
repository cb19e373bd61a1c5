/** An API behind Keycloak: the roles of the realm and those of the API's own client. README.md has the steps. */
import 'reflect-metadata';
import { CurrentUser, Get, JsonController } from 'routing-controllers';
import { AccessTokenUser, HasAccessTokenRoles, createExpressServer } from 'axioms-routing-controllers';

const audience = 'com.example.books';

@JsonController('/me')
class MeController {
  @Get('/')
  show(@CurrentUser() { sub, roles, scopes }: AccessTokenUser) {
    return { sub, roles, scopes };
  }
}

@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['librarian'];

  @Get('/')
  list() {
    return [{ title: 'The Tombs of Atuan' }];
  }
}

export const app = createExpressServer({
  controllers: [MeController, BookController],
  axioms: {
    issuerUrl: process.env.KEYCLOAK_REALM_URL ?? 'http://localhost:8080/realms/books',
    audience,
    rolesClaims: [`union:/realm_access/roles|/resource_access/${audience}/roles`],
  },
});
app.listen(Number(process.env.PORT ?? 3000));
