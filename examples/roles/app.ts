/** Roles: the method decides which role a caller needs, and a suspended caller may not write to the wiki. */
import 'reflect-metadata';
import { Delete, Get, JsonController, Param, Post } from 'routing-controllers';
import { HasAccessTokenRoles, IsSafeOnly, createExpressServer, not, or } from 'axioms-routing-controllers';
import type { AxiomsRequest } from 'axioms-routing-controllers';

@JsonController('/articles')
class ArticleController {
  permissionClasses = [HasAccessTokenRoles];
  declare request: AxiomsRequest;

  // Startup evaluates this getter for every handler: an empty list stops the server.
  get accessTokenRoles() {
    return { GET: ['reader', 'editor'], POST: ['editor'], DELETE: ['admin'] }[this.request.method] ?? [];
  }

  @Get('/')
  list() {
    return [{ id: 1, title: 'Names have power' }];
  }

  @Post('/')
  create() {
    return { created: true };
  }

  @Delete('/:id')
  remove(@Param('id') id: number) {
    return { removed: id };
  }
}

@JsonController('/wiki')
class WikiController {
  permissionClasses = [or(IsSafeOnly, not(HasAccessTokenRoles))];
  accessTokenRoles = ['suspended'];

  @Get('/')
  read() {
    return { text: 'Anyone with a valid token may read this.' };
  }

  @Post('/')
  write() {
    return { written: true };
  }
}

// Keycloak, Auth0 and others keep roles elsewhere: AXIOMS_ROLES_CLAIMS names the claim.
export const app = createExpressServer({ controllers: [ArticleController, WikiController] });
app.listen(Number(process.env.PORT ?? 3000));
