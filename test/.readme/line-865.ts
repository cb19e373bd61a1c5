import { useExpressServer, AccessTokenAuthentication, SessionAuthentication, checkCsrfToken, csrfToken, AllowAny, IsAdminUser, AxiomsRequest } from 'axioms-routing-controllers';
import { JsonController, Get, Post } from 'routing-controllers';
import { Response } from 'express';
import express from 'express';
import session from 'express-session';

@JsonController('/account')
class AccountController {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  declare request: AxiomsRequest;
  declare response: Response;

  @Get('/')
  show() {
    return { name: this.request.user };
  }

  @Get('/csrf')
  token() {
    return { csrfToken: csrfToken(this.request, this.response) };
  }
}

@JsonController('/login')
class LoginController {
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;

  @Post('/')
  login() {
    checkCsrfToken(this.request); // of the session before the login
    return {};
  }
}

@JsonController('/staff')
class StaffController {
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [IsAdminUser];

  @Get('/')
  list() {
    return [];
  }
}

const app = express();
app.use(session({ secret: 'from a safe place', resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }));
useExpressServer(app, { controllers: [AccountController, LoginController, StaffController] });

export {};