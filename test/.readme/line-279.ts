import { Claim, IsAccessTokenAuthenticated, IsAnyGetOrIsAccessTokenAuthenticated, IsAnyPostOrIsAccessTokenAuthenticated } from 'axioms-routing-controllers';
import { JsonController, Get, Post } from 'routing-controllers';
@JsonController('/articles')
class PublicReadController {
  authenticationClasses = [IsAnyGetOrIsAccessTokenAuthenticated];

  @Get('/')
  list() {
    return { articles: [] };
  }

  @Post('/')
  create() {
    return { status: 'created' };
  }
}

@JsonController('/contact')
class ContactController {
  authenticationClasses = [IsAnyPostOrIsAccessTokenAuthenticated];

  @Post('/')
  send() {
    return { status: 'received' };
  }

  @Get('/')
  read() {
    return { messages: [] };
  }
}

@JsonController('/account')
class AccountController {
  authenticationClasses = [IsAccessTokenAuthenticated];

  @Get('/')
  show(@Claim('email') email: string | undefined) {
    return { email };
  }
}

export {};