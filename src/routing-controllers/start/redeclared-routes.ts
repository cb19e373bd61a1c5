/** Warns where a subclass declares the route of an inherited handler again, and so loses rules of the base class. */
import { getMetadataArgsStorage, type ActionMetadata } from 'routing-controllers';
import { lineageOf } from '../../core/process/copies';
import type { Logger } from '../../core/settings/logger';
import { ownDecorations } from '../../views/start/decorations';
import { isTokenGuard } from './handlers';
import { declaringClass } from './inherited-metadata';

/** Warns of the rules that a base class declares for this handler and that do not apply, because it has another route now. */
export function warnOfRedeclared({ target, method }: ActionMetadata, place: string, logger: Logger): void {
  const declaring = declaringClass(target, method) ?? target;
  const lineage = lineageOf(declaring);
  for (const base of lineage.slice(lineage.indexOf(declaring) + 1)) {
    const lost = rulesOf(base, method);
    if (lost.length > 0)
      logger.warn(
        `${place} declares its route again, so that ${lost.join(', ')} of ${(base as { readonly name: string }).name}.${method} does not apply: write it at ${place}, too.`,
      );
  }
}

function rulesOf(controllerClass: object, method: string): readonly string[] {
  const { responseHandlers, uses } = getMetadataArgsStorage();
  const isOfMethod = (one: { readonly target: unknown; readonly method?: unknown }): boolean =>
    one.target === controllerClass && one.method === method;
  return [
    ...ownDecorations(controllerClass, method).flatMap(one => (one.replaces === undefined ? [] : `@${one.name}()`)),
    ...responseHandlers.flatMap(one => (one.type === 'authorized' && isOfMethod(one) ? '@Authorized()' : [])),
    ...uses.flatMap(one => (isOfMethod(one) && isTokenGuard(one.middleware) ? 'requireAccessToken()' : [])),
  ];
}
