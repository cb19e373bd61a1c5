/** What must not compile: each marked line is an error. */
import { createExpressServer, defineSettings, BasePermission, type AxiomsRequest } from 'axioms-routing-controllers';
import { exactly } from './exact';

createExpressServer({ controllers: [], axioms: { audience: 5 } }); // error
createExpressServer({ controllers: [], axioms: { audiense: 'a' } }); // error
defineSettings({ audience: 'a', algorithms: 'RS256', domain: 'b' }).audience.push('c'); // error

export class Unsure extends BasePermission {
  override hasPermission(): string {
    // error
    return 'yes';
  }
}

export function careless(request: AxiomsRequest): string {
  request.auth.token; // error
  request.authJwt = { sub: 5, list: [undefined] }; // error
  return request.user.sub; // error
}

exactly<string>()(JSON.parse('1')); // error
exactly<string>()(5); // error
