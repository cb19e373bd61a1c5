import {
  allowAny,
  hasRequiredPermissions,
  hasRequiredRoles,
  hasRequiredScopes,
} from 'axioms-routing-controllers/decorators';
import { Delete, Get, HttpCode, JsonController, OnUndefined, Post } from 'routing-controllers';

/** Rules as decorators, in the manner of Flask. */
@JsonController('/news')
export class NewsController {
  @Get('/')
  @allowAny()
  list() {
    return { message: 'News read.' };
  }

  @Post('/')
  @HttpCode(201)
  @hasRequiredScopes('profile')
  @hasRequiredRoles('editor')
  create() {
    return { message: 'News spread.' };
  }

  @Delete('/')
  @OnUndefined(204)
  @hasRequiredPermissions('news:retract')
  destroy() {
    return undefined;
  }
}
