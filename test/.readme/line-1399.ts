import { createExpressServer, isAuthenticated } from 'axioms-routing-controllers';
import { TestIssuer, forceAuthenticate } from 'axioms-routing-controllers/testing';
const app = createExpressServer({ controllers: ['controllers/*.js'], axioms: new TestIssuer().settings() });
forceAuthenticate(app, { sub: 'alice', scope: 'book:read', roles: ['editor'] });
forceAuthenticate(app, { isAuthenticated: true, sub: 'alice', scopes: ['book:read'] });
forceAuthenticate(app, null);

export {};