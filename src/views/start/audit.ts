/** The audit of a route: who may, by which rule, and where the rule is said. */
import { METHODS } from 'node:http';
import { whoIsLetIn, type Who } from '../../core/requirements/openness';
import type { Requirement } from '../../core/requirements/requirement';
import { allOf, anyOf } from '../../core/requirements/simplified';
import { inWords } from '../../core/requirements/words';
import type { AskedPermission } from './asked-order';
import type { RouteRules } from './route-rules';
import type { ListSources } from './rule-sources';

/** One route of a server, as plain data. */
export interface RouteAudit {
  /** In capitals; `ALL` for a route that takes every method. */
  readonly method: string;
  /** The pattern, prefixes included; for a regex its text. */
  readonly path: string;
  /** `BookController.list`. */
  readonly handler: string;
  /** Anyone, whoever is authenticated, some of them, or nobody; `undecided`: only code can say whether anyone is let in. */
  readonly who: Who;
  /** The requirement in words, and a remark where `publicMethods` or `notObjectActions` opens the route. */
  readonly rule: string;
  /** Where the rule is said: `field`, `getter`, `decorator`, `default`, or several of them, separated by commas. */
  readonly source: string;
  /** Where each list of classes is said. */
  readonly sources: ListSources;
  /** The authentication classes; `null`: they are decided per request. */
  readonly authentication: readonly string[] | null;
  /** The permissions in the order in which they are asked; `null`: the list is decided per request. */
  readonly order: readonly AskedPermission[] | null;
  /** Everything that is asked before the handler, taken together. What is decided per request is a `custom` rule. */
  readonly requirement: Requirement;
}

export function auditRoute(rules: RouteRules): RouteAudit {
  const requirement = requirementOfRoute(rules);
  return {
    method: rules.method ?? 'ALL',
    path: rules.path,
    handler: rules.place,
    who: whoIsLetIn(requirement),
    rule: ruleText(rules, requirement),
    source: sourceText(rules),
    sources: rules.sources,
    authentication: rules.authentication ?? null,
    order: rules.order ?? null,
    requirement,
  };
}

function requirementOfRoute(rules: RouteRules): Requirement {
  if (rules.method !== undefined) return rules.admission(rules.method);
  const found = methodsOf(rules).map(one => ({ method: one, asks: rules.admission(one) }));
  const texts = [...new Set(found.map(({ asks }) => JSON.stringify(asks)))];
  const cases = texts.map(text => found.filter(({ asks }) => JSON.stringify(asks) === text));
  if (cases.length === 1) return rules.admission('GET');
  return anyOf(
    cases.map(same =>
      allOf([{ kind: 'methods', methods: same.map(one => one.method) }, ...same.slice(0, 1).map(one => one.asks)]),
    ),
  );
}

// HEAD is GET.
const usualMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const rareMethods = METHODS.filter(method => !['HEAD', 'CONNECT', ...usualMethods].includes(method));

/**
 * The methods of the route that its rules can tell apart: its own, or for a route that takes every method the usual ones,
 * and those of the others that are not asked what a method without a meaning would be asked.
 */
export function methodsOf(rules: RouteRules): readonly string[] {
  if (rules.method !== undefined) return [rules.method];
  const other = JSON.stringify(rules.admission(''));
  return [...usualMethods, ...rareMethods.filter(method => JSON.stringify(rules.admission(method)) !== other)];
}

/** The requirement, and what a reader would not see in it. */
function ruleText(rules: RouteRules, requirement: Requirement): string {
  const { publicMethods, isNotObjectAction } = rules;
  const remarks = [
    ...(publicMethods.length > 0 ? [`public by the setting publicMethods: ${publicMethods.join(', ')}`] : []),
    ...(isNotObjectAction ? ['without object rules by notObjectActions'] : []),
  ];
  return [inWords(requirement), ...remarks].join('; ');
}

function sourceText({ permissionSources = [], sources }: RouteRules): string {
  const said = permissionSources.length > 0 ? permissionSources : [sources.permissionClasses];
  return [...new Set(said)].join(', ');
}

/** The audit as a table, a line a route, and below it the order of the permissions where some of them need the body. */
export function auditTable(audits: readonly RouteAudit[]): string {
  const rows = audits.map(({ method, path, handler, who, rule, source }) => [method, path, handler, who, rule, source]);
  const table = aligned([['METHOD', 'PATH', 'HANDLER', 'WHO', 'RULE', 'SOURCE'], ...rows]);
  return [table, ...audits.filter(hasSeveralStages).map(orderText)].join('\n');
}

function hasSeveralStages({ order }: RouteAudit): boolean {
  const stages = new Set(order?.map(({ stage }) => stage));
  return stages.has('before the body') && stages.has('after the body');
}

function orderText({ method, path, order }: RouteAudit): string {
  const stages = [...new Set(order?.map(({ stage }) => stage))];
  const named = stages.map(stage => {
    const names = order?.filter(one => one.stage === stage).map(({ permission }) => permission);
    return `${stage} ${names?.join(', ') ?? ''}`;
  });
  return `${method} ${path} asks ${named.join(', then ')}`;
}

/** Rows as lines of text, their columns one below the other. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map(cells => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map(cells => line(cells).trimEnd()).join('\n');
}
