/** What the rules of a handler add to its operation. */
import type { AxiomsServer } from '../routing-controllers/server';
import type { RouteRules } from '../views/route-rules';
import { alternativesOf, mostAlternatives } from './alternatives';
import { askedOfList, scopesOf, type Asked } from './asked';
import { callersOf, type Callers } from './callers';
import type { OperationObject } from './open-api';
import type { Described } from './operation';
import { refusalsAt } from './refusals';
import { securityOf } from './security';
import { inWords } from './words';

/** A handler's rules, looked at for one method. */
export interface Guarded {
  readonly rules: RouteRules;
  readonly asked: Asked;
  readonly callers: Callers;
}

/** @param method in capitals */
export function guardedAt(rules: RouteRules, method: string, server: AxiomsServer): Guarded {
  const callers = callersOf(rules, method, server);
  const { isPublicMethod } = callers;
  const asked = askedOfList(rules.permissions, { method, isObjectAction: rules.isObjectAction(method), isPublicMethod });
  return { rules, asked, callers };
}

/** @param signIns names of the schemes for signing in */
export function guardedOperation(
  described: Described,
  { rules, asked, callers }: Guarded,
  server: AxiomsServer,
  signIns: readonly string[],
): OperationObject {
  const { isClosedToNobody, throttling } = rules;
  const security = securityOf({ asked, callers, isClosedToNobody }, signIns);
  const refusals = refusalsAt({
    callers,
    scopes: scopesOf(asked),
    canDeny: canDeny(asked),
    isThrottled: throttling === undefined || throttling.length > 0,
    settings: server.settings,
  });
  return {
    ...described,
    description: [described.description, whoMay(asked, callers)].filter(Boolean).join('\n\n'),
    security,
    responses: { ...described.responses, ...withTheirs(refusals, described.responses) },
  };
}

// What the app's own decorators say of a refusal counts beside what is known of it.
function withTheirs(
  refusals: OperationObject['responses'],
  theirs: OperationObject['responses'],
): OperationObject['responses'] {
  return Object.fromEntries(
    Object.entries(refusals).map(([status, refusal]) => [status, { ...refusal, ...theirs[status] }]),
  );
}

// Whoever is authenticated may: then nobody who is known is refused.
function canDeny(asked: Asked): boolean {
  if (asked.kind !== 'leaf') return asked.of.some(canDeny);
  return asked.isNegated || (asked.leaf.kind !== 'anyone' && asked.leaf.kind !== 'authenticated');
}

function whoMay(asked: Asked, { isMandatory }: Callers): string {
  const words = inWords(asked);
  const somebody = isMandatory && words === 'anyone' ? 'whoever is authenticated' : words;
  const tooMany = `There are more than ${mostAlternatives} ways to have the scopes: they are told here, not listed under \`security\`.`;
  return [`Who may: ${somebody}.`, ...(alternativesOf(asked) === undefined ? [tooMany] : [])].join(' ');
}
