/** Parameter decorators for handlers. */
import { createParamDecorator, type Action } from 'routing-controllers';
import { claimValue } from '../../core/tokens/claims';
import type { JsonValue } from '../../core/jws/compact-jws';
import { currentCaller } from '../../authentication/caller';
import { markAsOurs } from '../../core/process/copies';
import type { AxiomsRequest } from '../../authentication/user';
import { findVisit } from '../../views/visit';

/** Reads the loaded object; known by identity, so that the start can tell who asks for it. */
export function currentObject({ request }: Action): unknown {
  return findVisit(request as AxiomsRequest)?.object?.value;
}

/**
 * Injects what the controller's `getObject()` loaded, once its object rules held.
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
 * Injects one claim of the access token: a name as it stands there, or a JSON Pointer (RFC 6901); `undefined` where it is absent.
 *
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
    // The target of a static method or a constructor is the class itself.
    markAsOurs(typeof target === 'function' ? target : target.constructor);
    decorator(target, action, index);
  };
}
