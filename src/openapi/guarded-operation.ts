/** What the rules of a handler add to its operation. */
import type { Handler } from '../routing-controllers/handlers';
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
  /** In capitals. */
  readonly method: string;
  readonly asked: Asked;
  readonly callers: Callers;
  readonly loadsObject: boolean;
  readonly readsBody: boolean;
  readonly readsParameters: boolean;
}

/** @param method in capitals */
export function guardedAt(rules: RouteRules, { action }: Handler, method: string, server: AxiomsServer): Guarded {
  const callers = callersOf(rules, method, server);
  const { isPublicMethod, isMandatory } = callers;
  const isObjectAction = rules.isObjectAction(method);
  const needsSomebody = isMandatory || rules.isClosedToNobody;
  const asked = askedOfList(rules.permissions, { method, isObjectAction, isPublicMethod, needsSomebody });
  const { prototype } = action.target as { readonly prototype: object };
  const { isBodyUsed, isFilesUsed, isFileUsed, params } = action;
  return {
    rules,
    method,
    asked,
    callers,
    loadsObject: isObjectAction && 'getObject' in prototype,
    readsBody: isBodyUsed || isFilesUsed || isFileUsed,
    readsParameters: params.some(({ type }) => readable.includes(type)),
  };
}

/** Parameters that a client sends beside the body. */
const readable: readonly string[] = ['param', 'params', 'query', 'queries', 'header', 'headers', 'cookie', 'cookies'];

/** @param signIns names of the schemes for signing in */
export function guardedOperation(
  described: Described,
  { rules, method, asked, callers, loadsObject, readsBody, readsParameters }: Guarded,
  server: AxiomsServer,
  signIns: readonly string[],
): OperationObject {
  const { isClosedToNobody, throttling } = rules;
  const needsSomebody = callers.isMandatory || isClosedToNobody;
  const refusals = refusalsAt({
    callers,
    scopes: scopesOf(asked),
    demandedScopes: rules.demandedScopes(method),
    canDeny: canDeny(asked),
    isThrottled: throttling === undefined || throttling.length > 0,
    loadsObject,
    readsBody,
    readsParameters,
    settings: server.settings,
  });
  return {
    ...described,
    description: [described.description, whoMay(asked)].filter(Boolean).join('\n\n'),
    security: securityOf({ asked, callers, needsSomebody }, signIns),
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
  if (asked.kind !== 'leaf') return asked.kind === 'and' ? asked.of.some(canDeny) : asked.of.every(canDeny);
  return asked.isNegated || (asked.leaf.kind !== 'anyone' && asked.leaf.kind !== 'authenticated');
}

function whoMay(asked: Asked): string {
  const tooMany = `There are more than ${mostAlternatives} ways to have the scopes: they are told here, not listed under \`security\`.`;
  return [`Who may: ${inWords(asked)}.`, ...(alternativesOf(asked) === undefined ? [tooMany] : [])].join(' ');
}
