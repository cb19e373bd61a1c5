/**
 * Checks that the types of a handler's parameters exist at run time. Without them nothing is converted or validated.
 */
import 'reflect-metadata';
import type { ActionMetadata, ParamMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import type { Class } from './dependencies';

/**
 * Checks that TypeScript emitted the parameter types of a handler. Without them an invalid request silently gets a 200
 * instead of a 400.
 *
 * @param place the handler, for the message
 * @throws ImproperlyConfigured if there are no types.
 */
export function requireTypes({ params, target, method }: ActionMetadata, place: string): void {
  if (params.length === 0) return;
  if (Reflect.getMetadata('design:paramtypes', (target as Class).prototype as object, method) === undefined)
    throw new ImproperlyConfigured(
      `${place} has parameters, and TypeScript emitted no types for them, so that nothing would be validated: compile with tsc, "experimentalDecorators" and "emitDecoratorMetadata" (tsx, esbuild and type stripping emit none).`,
    );
}

/**
 * Checks that no input of the client stays unvalidated because TypeScript erased its type. At run time an interface
 * looks like `any`, which apps write on purpose. So it causes only a warning, unless the parameter asks for validation.
 *
 * @param place the handler, for the message
 * @throws ImproperlyConfigured for a class from `import type`, and for an erased type if the parameter asks for
 * validation. A parameter with `validate: false` is accepted.
 */
export function checkInputTypes({ params }: ActionMetadata, place: string, logger: Logger): void {
  for (const param of params.filter(isErased)) {
    const message = erasedType(param, place);
    if (param.targetType === Function || Boolean(param.validate)) throw new ImproperlyConfigured(message);
    logger.warn(message);
  }
}

/** The kinds of parameters that hold a whole input, with their decorators. */
const wholes: Readonly<Record<string, string>> = { body: '@Body', queries: '@QueryParams' };
const parts: Readonly<Record<string, string>> = {
  'body-param': '@BodyParam',
  query: '@QueryParam',
  param: '@Param',
  params: '@Params',
  header: '@HeaderParam',
  headers: '@HeaderParams',
  cookie: '@CookieParam',
  cookies: '@CookieParams',
};

// TypeScript emits Function for a class that is imported as a type, and Object for an interface, an alias, any, unknown
// and the like. Object is accepted for a single value, which may well be any.
function isErased({ type, targetType, validate }: ParamMetadata): boolean {
  if (validate === false) return false;
  const isWhole = Object.hasOwn(wholes, type);
  return (isWhole && targetType === Object) || (targetType === Function && (isWhole || Object.hasOwn(parts, type)));
}

function erasedType({ type, index, targetType }: ParamMetadata, place: string): string {
  const decorator = wholes[type] ?? parts[type] ?? type;
  const seen =
    targetType === Function
      ? "is a class from 'import type', or a function"
      : 'is an interface, a type alias, any, unknown or object';
  return `Parameter ${index} of ${place}, ${decorator}(), has a type that does not exist at run time (it ${seen}), so that nothing would be validated: name a class and import it without 'type', give it as ${decorator}({ type: TheClass }), or say that it is meant with { validate: false }.`;
}
