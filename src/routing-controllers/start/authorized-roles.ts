/** Refuses `@Authorized()` decorators that name no role, or of which only one counts. */
import type { ActionMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { authorizationsOf, type Authorizations } from './inherited-metadata';

interface Options {
  /** Whether the app has an `authorizationChecker`: its roles may be of any type. */
  readonly hasChecker: boolean;
  readonly logger: Logger;
}

/**
 * Checks the `@Authorized()` decorators of a handler.
 *
 * @throws ImproperlyConfigured if one of them names no role, or a role that is no text, or if two of one class differ.
 */
export function checkHandlerRoles({ target, method }: ActionMetadata, options: Options): void {
  check(authorizationsOf(target, method), ({ name }) => `${name}.${method}`, options);
}

/**
 * Checks the `@Authorized()` decorators of a controller class.
 *
 * @throws ImproperlyConfigured as {@link checkHandlerRoles} does.
 */
export function checkClassRoles({ target }: ActionMetadata, options: Options): void {
  check(authorizationsOf(target), ({ name }) => name, options);
}

function check(
  lists: readonly Authorizations[],
  placeOf: (declaredBy: Authorizations['declaredBy']) => string,
  options: Options,
): void {
  for (const { declaredBy, values } of lists) {
    for (const value of values) refuseWithoutRole(value, placeOf(declaredBy), options);
    refuseTwo(values, placeOf(declaredBy));
  }
  const [nearest, ...replaced] = lists;
  for (const { declaredBy, values } of replaced)
    if (nearest !== undefined && !areAlike(nearest.values[0], values[0]))
      options.logger.warn('An @Authorized() decorator replaces that of a base class, whose roles are not asked for', {
        decorator: `${textOf(nearest.values[0])} of ${placeOf(nearest.declaredBy)}`,
        replaced: `${textOf(values[0])} of ${placeOf(declaredBy)}`,
      });
}

// routing-controllers takes what is empty for @Authorized() without an argument, and keeps nothing that distinguishes
// undefined from it.
function refuseWithoutRole(value: unknown, place: string, { hasChecker }: Options): void {
  if (value === undefined) return;
  const isEmpty = (role: unknown): boolean => role === undefined || role === null || role === '' || role === false;
  const isRole = (role: unknown): boolean => !isEmpty(role) && (hasChecker || typeof role === 'string');
  const roles: readonly unknown[] = Array.isArray(value) ? Array.from(value as unknown[]) : [value];
  if (value !== 0 && roles.length > 0 && roles.every(isRole)) return;
  throw new ImproperlyConfigured(
    `${textOf(value)} of ${place} does not name its roles: a role is a text that is not empty. Write @Authorized('admin') or @Authorized(['admin', 'editor']); for every authenticated caller write @Authorized() without an argument.`,
  );
}

function refuseTwo(values: readonly unknown[], place: string): void {
  const other = values.findIndex(value => !areAlike(value, values[0]));
  if (other > 0)
    throw new ImproperlyConfigured(
      `${place} has both ${textOf(values[other])} and ${textOf(values[0])}, of which only one counts. Leave one: @Authorized(['admin', 'editor']) asks for any of its roles. To ask for several, use @hasRequiredRoles() for each.`,
    );
}

function areAlike(one: unknown, other: unknown): boolean {
  const rolesOf = (value: unknown): readonly unknown[] => [value ?? []].flat();
  const [first, second] = [rolesOf(one), rolesOf(other)];
  return first.every(role => second.includes(role)) && second.every(role => first.includes(role));
}

function textOf(value: unknown): string {
  return `@Authorized(${value === undefined ? '' : shown(value)})`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${Array.from(value as unknown[], shown).join(', ')}]`;
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
