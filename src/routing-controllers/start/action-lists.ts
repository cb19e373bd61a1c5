/** Checks the lists in which a controller names its handlers. */
import type { ActionMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { ApiView } from '../../permissions/base';
import { namesOf } from '../../permissions/rule-words';
import type { ActionList } from '../../views/start/route-rules';

/** @throws ImproperlyConfigured if a list names what is no handler, or a handler is in two lists that contradict each other */
export function requireKnownActions(sample: ApiView, { controllerMetadata }: ActionMetadata): void {
  const actions = controllerMetadata.actions.map(({ method }) => method);
  for (const name of namesOf('actions')) refuseUnknownAction(sample, name, listedActions(sample, name), actions);
  for (const lists of contradictions) refuseContradiction(sample, lists);
}

const contradictions = [
  ['objectActions', 'notObjectActions'],
  ['listActions', 'unfilteredActions'],
  ['objectActions', 'unfilteredActions'],
] as const satisfies readonly (readonly ActionList[])[];

function refuseContradiction(sample: ApiView, [one, other]: readonly [ActionList, ActionList]): void {
  const excluded = listedActions(sample, other);
  const both = listedActions(sample, one).find(action => excluded.includes(action));
  if (both !== undefined)
    throw new ImproperlyConfigured(
      `${sample.constructor.name} names '${both}' in ${one} and in ${other}: remove it from one of them.`,
    );
}

function refuseUnknownAction(
  { constructor }: ApiView,
  name: ActionList,
  listed: readonly string[],
  actions: readonly string[],
): void {
  const unknown = listed.find(action => !actions.includes(action));
  if (unknown !== undefined)
    throw new ImproperlyConfigured(
      `${constructor.name}.${name} names '${unknown}', which is no handler. The handlers are: ${actions.join(', ')}.`,
    );
}

function listedActions(sample: ApiView, name: ActionList): readonly string[] {
  let listed: unknown;
  try {
    listed = sample[name] ?? [];
  } catch {
    // A getter that uses the request. It is evaluated again for each route.
    return [];
  }
  if (Array.isArray(listed)) return listed as readonly string[];
  throw new ImproperlyConfigured(`${sample.constructor.name}.${name} must be a list of handlers' names.`);
}
