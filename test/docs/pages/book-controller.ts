/** The controller that examples of tests import. */
import { Get, JsonController, Post } from 'routing-controllers';
import { type AxiomsRequest, HasAccessTokenScopes } from 'axioms-routing-controllers';

@JsonController('/books')
export class BookController {
  permissionClasses = [HasAccessTokenScopes];
  declare request: AxiomsRequest;
  get accessTokenScopes() {
    return this.request.method === 'POST' ? ['book:create'] : ['book:read'];
  }
  @Get('/') list() {
    return [];
  }
  @Post('/') create() {
    return {};
  }
}
