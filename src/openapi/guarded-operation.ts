/** Adds the rules of a handler to its operation. */
import { letsInBeyond } from '../core/requirements/openness';
import type { Requirement } from '../core/requirements/requirement';
import { scopesAskedFor } from '../core/requirements/scopes';
import type { Handler } from '../routing-controllers/start/handlers';
import type { AxiomsServer } from '../routing-controllers/start/axioms-server';
import type { RouteRules } from '../views/start/route-rules';
import { alternativesOf, mostAlternatives } from './alternatives';
import { callersOf, type Callers } from './callers';
import type { OperationObject } from './open-api';
import type { Described } from './operation';
import { refusalsAt } from './refusals';
import { securityOf } from './security';
import { inMarkdown } from './words';

/** A handler's rules for one method. */
export interface Guarded {
  readonly rules: RouteRules;
  /** In capitals. */
  readonly method: string;
  /** Everything that is required for this method: the audit reads the same. */
  readonly requirement: Requirement;
  /** What each object of the list must satisfy, if the handler answers a filtered list. */
  readonly filter: Requirement | undefined;
  readonly callers: Callers;
  readonly loadsObject: boolean;
  readonly readsBody: boolean;
  readonly readsParameters: boolean;
}

/**
 * Collects what the rules of a handler require for one method.
 *
 * @param method in capitals
 */
export function guardedAt(rules: RouteRules, { action }: Handler, method: string, server: AxiomsServer): Guarded {
  const { prototype } = action.target as { readonly prototype: object };
  const { isBodyUsed, isFilesUsed, isFileUsed, params } = action;
  return {
    rules,
    method,
    requirement: rules.admission(method),
    filter: rules.filter(method),
    callers: callersOf(rules, rules.askedAs(method), server),
    loadsObject: rules.isObjectAction(method) && 'getObject' in prototype,
    readsBody: isBodyUsed || isFilesUsed || isFileUsed,
    readsParameters: params.some(({ type }) => readable.includes(type)),
  };
}

/** Types of parameters that a client sends outside the body. */
const readable: readonly string[] = ['param', 'params', 'query', 'queries', 'header', 'headers', 'cookie', 'cookies'];

/**
 * Adds security, refusals and the text "Who may: …" to a described operation.
 *
 * @param signIns names of the security schemes for signing in at an issuer
 */
export function guardedOperation(
  described: Described,
  { rules, method, requirement, filter, callers, loadsObject, readsBody, readsParameters }: Guarded,
  server: AxiomsServer,
  signIns: readonly string[],
): OperationObject {
  const { throttling } = rules;
  const refusals = refusalsAt({
    callers,
    scopes: scopesAskedFor(requirement),
    demandedScopes: rules.demandedScopes(method),
    canDeny: canDeny(requirement),
    isThrottled: throttling === undefined || throttling.length > 0,
    loadsObject,
    readsBody,
    readsParameters,
    settings: server.settings,
  });
  return {
    ...described,
    description: [described.description, whoMay(requirement), whichObjects(filter)].filter(Boolean).join('\n\n'),
    ...(filter === undefined ? {} : { 'x-authorized-filter': filter }),
    security: securityOf({ requirement, callers }, signIns),
    responses: { ...described.responses, ...withTheirs(refusals, described.responses) },
  };
}

// Merges the responses: what the app's decorators say about a refusal replaces the generated text.
function withTheirs(
  refusals: OperationObject['responses'],
  theirs: OperationObject['responses'],
): OperationObject['responses'] {
  return Object.fromEntries(
    Object.entries(refusals).map(([status, refusal]) => [status, { ...refusal, ...theirs[status] }]),
  );
}

/** Tells whether an authenticated caller may be refused. */
function canDeny(requirement: Requirement): boolean {
  return letsInBeyond({ kind: 'authenticated' }, requirement) !== 'no';
}

function whichObjects(filter: Requirement | undefined): string | undefined {
  return filter && `The list has only objects that the caller may see: ${inMarkdown(filter)}.`;
}

function whoMay(requirement: Requirement): string {
  const tooMany = `There are more than ${mostAlternatives} ways to have the scopes: they are described here, not listed under \`security\`.`;
  const isTooLong = alternativesOf(requirement) === undefined;
  return [`Who may: ${inMarkdown(requirement)}.`, ...(isTooLong ? [tooMany] : [])].join(' ');
}
