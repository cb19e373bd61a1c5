/** What must not compile: the line after each mark is an error. */
import { createExpressServer, defineSettings, BasePermission, type AxiomsRequest } from 'axioms-routing-controllers';
import { exactly } from './exact';

// error:
createExpressServer({ controllers: [], axioms: { audience: 5 } });
// error:
createExpressServer({ controllers: [], axioms: { audiense: 'a' } });
// error:
defineSettings({ audience: 'a', domain: 'b' }).audience.push('c');

export class Unsure extends BasePermission {
  // error:
  override hasPermission(): string {
    return 'yes';
  }
}

export function careless(request: AxiomsRequest): string {
  // error:
  exactly<string | undefined>()(request.auth.token);
  // error:
  request.authJwt = { sub: 5, list: [undefined] };
  // error:
  return request.user.sub;
}

// error:
exactly<string>()(JSON.parse('1'));
// error:
exactly<string>()(5);
