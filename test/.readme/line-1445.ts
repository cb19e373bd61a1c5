import { createExpressServer, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { JsonController, Get } from 'routing-controllers';
import { openApiDocument, serveOpenApi } from 'axioms-routing-controllers/openapi';

@JsonController('/memos')
class MemoController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['memo:read', 'memo:all'];

  @Get('/')
  list() {
    return [];
  }
}

const app = createExpressServer({ controllers: [MemoController] });
serveOpenApi(app, { info: { title: 'Memos', version: '1.0.0' }, clientId: 'memo-docs' });

async function securityOfList() {
  const document = await openApiDocument(app);
  return document.paths['/memos']?.['get']?.security; // [{ oauth2: ['memo:read'] }, …, { oauth2: ['memo:all'] }, …]
}

export {};