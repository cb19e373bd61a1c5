import { Get, JsonController, Post } from 'routing-controllers';
import { HasAccessTokenScopes, HasValidAccessToken, createExpressServer } from 'axioms-routing-controllers';
import type { AxiomsRequest } from 'axioms-routing-controllers';

@JsonController('/books')
export class BookController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenScopes];

  get accessTokenScopes() {
    return { list: ['book:read'], create: ['book:create'] }[this.action] ?? [];
  }

  declare request: AxiomsRequest; // set on the controller for each request
  declare action: string; // the handler's name: 'list', 'create', …

  @Get('/')
  list() {
    return [{ title: 'Emma' }];
  }

  @Post('/')
  create() {
    return { addedBy: this.request.user?.sub };
  }
}

const app = createExpressServer({ controllers: [BookController] }); // settings from AXIOMS_* variables
app.listen(3000);

export {};