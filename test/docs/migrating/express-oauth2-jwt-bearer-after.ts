// #region after
import { Delete, Get, JsonController, Param } from 'routing-controllers';
import {
  ApiController,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  createExpressServer,
  type SettingsInput,
} from 'axioms-routing-controllers';

@JsonController('/books')
class BookController extends ApiController {
  override get permissionClasses() {
    return this.request.method === 'DELETE' ? [HasAccessTokenRoles] : [HasAccessTokenScopes];
  }

  override accessTokenAllScopes = ['read:books'];
  override accessTokenAllRoles = ['admin'];

  @Get('/')
  list() {
    return { for: this.request.user?.sub };
  }

  @Delete('/:id')
  remove(@Param('id') id: string) {
    return { removed: id };
  }
}

export function createApp(axioms?: SettingsInput) {
  return createExpressServer({ controllers: [BookController], axioms });
}
// #endregion after
