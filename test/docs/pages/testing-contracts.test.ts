/** An example of docs/testing.md, which mocha runs as it is printed. */
// #region example
import type { Request } from 'express';
import { AuthenticationFailed, BaseAuthentication, BasePermission } from 'axioms-routing-controllers';
import { authenticationContract, permissionContract } from 'axioms-routing-controllers/testing';

class IsOfTenant extends BasePermission {
  override hasPermission(request: Request) {
    const tenant: unknown = request.user?.claims?.tenant;
    return typeof tenant === 'string' && tenant === request.get('X-Tenant');
  }
}

class ApiKeyAuthentication extends BaseAuthentication {
  authenticate(request: Request) {
    const key = request.get('X-Api-Key');
    if (key === undefined) return null;
    if (key !== 'open sesame') throw new AuthenticationFailed('The API key is not known');
    return { user: { isAuthenticated: true, sub: 'ali-baba' } };
  }
}

const cases = [
  ...authenticationContract({
    make: () => new ApiKeyAuthentication(),
    good: { headers: { 'X-Api-Key': 'open sesame' } },
    bad: { headers: { 'X-Api-Key': 'open barley' } },
  }),
  ...permissionContract({
    make: () => new IsOfTenant(),
    allowed: [{ title: 'of the tenant', user: { sub: 'a', tenant: 'acme' }, headers: { 'X-Tenant': 'acme' } }],
    refused: [{ title: 'of another', user: { sub: 'a', tenant: 'evil' }, headers: { 'X-Tenant': 'acme' } }],
  }),
];
for (const { name, run } of cases) it(name, run);
// #endregion example
