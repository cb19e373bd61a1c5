// #region after
import { IsString } from 'class-validator';
import { Body, CurrentUser, Get, JsonController, Post } from 'routing-controllers';
import {
  AccessTokenUser,
  ApiController,
  HasAccessTokenRoles,
  IsAuthenticated,
  createExpressServer,
  type SettingsInput,
} from 'axioms-routing-controllers';

class NewBook {
  @IsString() title!: string;
}

@JsonController('/books')
class BookController extends ApiController {
  override get permissionClasses() {
    return this.action === 'create' ? [HasAccessTokenRoles] : [IsAuthenticated];
  }

  override accessTokenRoles = ['editor'];

  @Get('/')
  list(@CurrentUser() user: AccessTokenUser) {
    return { for: user.sub };
  }

  @Post('/')
  create(@Body() book: NewBook) {
    return { created: book.title };
  }
}

// Without settings, the audience and the issuer come from the AXIOMS_* variables.
export function createApp(axioms?: SettingsInput) {
  return createExpressServer({ controllers: [BookController], axioms });
}
// #endregion after
