import { HasValidAccessToken, TokenHasResourceScope } from 'axioms-routing-controllers';
import { Get, HttpCode, JsonController, Post } from 'routing-controllers';

/** In the manner of Django OAuth Toolkit: `shelf:read` to look, `shelf:write` to change. */
@JsonController('/shelves')
export class ShelfController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [TokenHasResourceScope];
  requiredScopes = ['shelf'];

  @Get('/')
  list() {
    return { message: 'Shelves read.' };
  }

  @Post('/')
  @HttpCode(201)
  create() {
    return { message: 'Shelf put up.' };
  }
}
