/** The rows of the table of settings about Django OAuth Toolkit's permission classes. */
import { onOff, scopeName } from './kinds';
import { row } from './row';

export const scopeRows = {
  readScope: row(scopeName, {
    variable: 'AXIOMS_READ_SCOPE',
    defaultText: '`read`',
    fallback: 'read',
    meaning: 'what `TokenHasReadWriteScope` and `TokenHasResourceScope` ask for GET, HEAD and OPTIONS',
  }),
  writeScope: row(scopeName, {
    variable: 'AXIOMS_WRITE_SCOPE',
    defaultText: '`write`',
    fallback: 'write',
    meaning: 'what they ask for the other methods',
  }),
  errorResponseWithScopes: row(onOff, {
    variable: 'AXIOMS_ERROR_RESPONSE_WITH_SCOPES',
    defaultText: 'false',
    fallback: false,
    meaning: 'a 403 of `TokenHasScope` or a subclass names its scopes in the body: `required_scopes`',
  }),
};
