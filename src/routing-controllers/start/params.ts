/** Parameter decorators for handlers. */
import { createParamDecorator, type Action } from 'routing-controllers';
import { claimValue } from '../../core/tokens/claims';
import type { JsonValue } from '../../core/jws/compact-jws';
import { currentCaller } from '../../authentication/caller';
import { markAsOurs } from '../../core/process/copies';
import type { AxiomsRequest } from '../../authentication/user';
import { findVisit } from '../../views/visit';

/** Returns the loaded object. Startup finds the parameters that need the object by this function's identity. */
export function currentObject({ request }: Action): unknown {
  return findVisit(request as AxiomsRequest)?.object?.value;
}

/**
 * Injects the object that the controller's `getObject()` loaded, after the object rules have accepted the caller.
 *
 * @example
 * @Get('/:id')
 * retrieve(@CurrentObject() article: Article) {
 *   return article;
 * }
 */
export function CurrentObject(): ParameterDecorator {
  return injecting(currentObject);
}

/**
 * Injects one claim of the access token, or `undefined` if the token does not have it.
 *
 * @param name the exact name of the claim, or a JSON Pointer (RFC 6901)
 * @example
 * @Get('/me')
 * me(@Claim('email') email: string | undefined) {
 *   return { email };
 * }
 */
export function Claim(name: string): ParameterDecorator {
  const value = ({ request }: Action): JsonValue | undefined =>
    claimValue(currentCaller(request as object).authJwt ?? {}, name);
  return injecting(value);
}

function injecting(value: (action: Action) => unknown): ParameterDecorator {
  const decorator = createParamDecorator({ value }) as ParameterDecorator;
  return (target, action, index) => {
    // For a static method or a constructor, the target is the class itself.
    markAsOurs(typeof target === 'function' ? target : target.constructor);
    decorator(target, action, index);
  };
}
