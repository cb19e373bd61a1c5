/**
 * Checks controllers whose constructor uses, or may use, its services. Startup cannot read their rules, so the check is made
 * on the controllers of requests.
 */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import type { ApiView } from '../../permissions/base';
import { namesOf } from '../../permissions/rule-words';
import { checkShape } from '../../views/start/controller-shape';
import type { RouteRules } from '../../views/start/route-rules';
import { handlerOf } from './handlers';
import { refuseReservedMembers } from './reserved-members';
import { sampleOf, type Sample } from './samples';

const actionLists = namesOf('actions');

/**
 * Checks a controller that was created for a request.
 *
 * @throws ImproperlyConfigured if the shape is wrong, or if `objectActions`, `listActions` and the like differ from startup.
 */
export function checkDoubtful(controller: ApiView, sample: Sample, rules: RouteRules, logger: Logger): void {
  if (sample.isUnmade) checkShapeOnce(controller, sample, rules, logger);
  // A field may depend on a flag that is injected itself: `@Inject('isLenient') isLenient: boolean`. A constructor that
  // tests the inert object in its place leaves no trace.
  for (const name of actionLists)
    if (
      (sample.isDoubtful || Object.hasOwn(controller, name)) &&
      JSON.stringify(controller[name]) !== JSON.stringify(rules.listed(name))
    )
      throw new ImproperlyConfigured(
        `${controller.constructor.name}.${name} is another list than at startup, because the constructor uses its dependencies: write it as a getter that uses none, get ${name}() { return [...]; }`,
      );
}

const checked = new WeakSet<Sample>();

function checkShapeOnce(controller: ApiView, sample: Sample, rules: RouteRules, logger: Logger): void {
  if (checked.has(sample)) return;
  refuseReservedMembers(controller);
  const { actions = [] } = handlerOf(rules)?.action.controllerMetadata ?? {};
  const handlers = actions.map(({ method }) => method);
  checkShape(controller, one => sampleOf(one).object, logger, handlers);
  checked.add(sample);
}
