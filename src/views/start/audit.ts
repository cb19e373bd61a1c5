/** The audit of a route: which callers it admits, by which rule, and where the rule is declared. */
import { METHODS } from 'node:http';
import { whoIsLetIn, type Who } from '../../core/requirements/openness';
import type { Requirement } from '../../core/requirements/requirement';
import { allOf, anyOf, anyone, notThat } from '../../core/requirements/simplified';
import { inWords } from '../../core/requirements/words';
import type { AskedPermission } from './asked-order';
import type { RouteRules } from './route-rules';
import type { ListSources } from './rule-sources';

/** One route of a server, as plain data. */
export interface RouteAudit {
  /** The HTTP method in capitals; `ALL` for a route that takes every method. */
  readonly method: string;
  /** The pattern, prefixes included. For a regex, its text; `regex` is set then. */
  readonly path: string;
  /**
   * The regex that Express matches, if the path is a regex. It takes each letter of a path in front of it in both cases,
   * unless the app distinguishes them. Left out if the path is text: `/open/` may be the text of either.
   */
  readonly regex?: { readonly source: string; readonly flags: string };
  /** The class and the handler, such as `BookController.list`. */
  readonly handler: string;
  /**
   * Which callers are admitted: anyone, every authenticated caller, some of them, or nobody; `undecided` if only code
   * can decide.
   */
  readonly who: Who;
  /** The requirement as text, with a remark if `publicMethods`, `notObjectActions` or `unfilteredActions` opens the route, and the filter of a list. */
  readonly rule: string;
  /** Where the rule is declared: `field`, `getter`, `decorator`, `default`, or several of them, separated by commas. */
  readonly source: string;
  /** Where each list of classes is declared. */
  readonly sources: ListSources;
  /** The authentication classes; `null` if they are decided per request. */
  readonly authentication: readonly string[] | null;
  /** The permissions in the order in which they are asked; `null` if the list is decided per request. */
  readonly order: readonly AskedPermission[] | null;
  /**
   * What is required for each object of the list that the handler answers, by its filter. Left out if it answers no list,
   * or one that needs no filter.
   */
  readonly filter?: Requirement;
  /** Everything that is required before the handler, combined. What is decided per request is a `custom` rule. */
  readonly requirement: Requirement;
}

export function auditRoute(rules: RouteRules): RouteAudit {
  const requirement = requirementOfRoute(rules);
  const filter = filterOf(rules);
  return {
    method: rules.method ?? 'ALL',
    path: rules.path,
    ...regexText(rules),
    handler: rules.place,
    who: whoIsLetIn(requirement),
    rule: ruleText(rules, requirement),
    source: sourceText(rules),
    sources: rules.sources,
    authentication: rules.authentication ?? null,
    order: rules.order ?? null,
    ...(filter === undefined ? {} : { filter }),
    requirement,
  };
}

function regexText({ regex }: RouteRules): Pick<RouteAudit, 'regex'> {
  return regex === undefined ? {} : { regex: { source: regex.source, flags: regex.flags } };
}

/** Returns the path as people read it: says of a regex that it is one. */
export function shownPath({ path, regex }: Pick<RouteAudit, 'path' | 'regex'>): string {
  return regex === undefined ? path : `${path} (regex)`;
}

function filterOf(rules: RouteRules): Requirement | undefined {
  if (rules.method !== undefined) return rules.filter(rules.method);
  const filters = methodsOf(rules).map(method => ({ method, filter: rules.filter(method) }));
  const known = new Map(filters.map(({ filter }) => [JSON.stringify(filter), filter]));
  const asked = [...known.entries()].flatMap(([text, filter]) => {
    const methods = filters.filter(one => JSON.stringify(one.filter) === text).map(({ method }) => method);
    return filter === undefined ? [] : [{ filter, methods }];
  });
  const [only, ...others] = asked;
  if (only === undefined) return undefined;
  // A method that is about one object has no list.
  const lists = filters.filter(({ method }) => rules.isListAction(method)).length;
  if (others.length === 0 && only.methods.length === lists) return only.filter;
  return allOf(asked.map(({ filter, methods }) => anyOf([notThat({ kind: 'methods', methods }), filter])));
}

function requirementOfRoute(rules: RouteRules): Requirement {
  if (rules.method !== undefined) return rules.admission(rules.method);
  const cases = casesOf(rules);
  const listed = cases.flatMap(({ methods }) => (methods.includes(unlisted) ? [] : methods));
  return anyOf(cases.map(({ methods, asks }) => allOf([onlyFor(methods, listed), asks])));
}

/** The methods for which a route that takes every method requires the same. */
interface Case {
  readonly methods: readonly string[];
  readonly asks: Requirement;
}

function casesOf(rules: RouteRules): readonly Case[] {
  const methods = [...methodsOf(rules).flatMap(withHead), unlisted];
  const found = methods.map(method => ({ method, asks: rules.admission(method) }));
  const byText = new Map(found.map(({ asks }) => [JSON.stringify(asks), asks]));
  return [...byText].map(([text, asks]) => {
    const same = found.filter(one => JSON.stringify(one.asks) === text);
    return { asks, methods: same.map(({ method }) => method) };
  });
}

// Stands for every method that is not listed.
const unlisted = '';

// A requirement with a list of methods is false for HEAD if the list does not name it.
function withHead(method: string): readonly string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method];
}

/** @param others the methods of all cases but that of the unlisted methods */
function onlyFor(methods: readonly string[], others: readonly string[]): Requirement {
  if (!methods.includes(unlisted)) return { kind: 'methods', methods };
  return others.length === 0 ? anyone : notThat({ kind: 'methods', methods: others });
}

// Without HEAD, which has the rules of GET.
const usualMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const rareMethods = METHODS.filter(method => !['HEAD', 'CONNECT', ...usualMethods].includes(method));

/**
 * Returns the methods for which the rules of the route may differ: its own method, or, for a route that takes every
 * method, the usual methods and every other method whose requirement differs from that of an unknown method.
 */
export function methodsOf(rules: RouteRules): readonly string[] {
  if (rules.method !== undefined) return [rules.method];
  const other = JSON.stringify(rules.admission(''));
  return [...usualMethods, ...rareMethods.filter(method => JSON.stringify(rules.admission(method)) !== other)];
}

/** Returns the requirement as text, with remarks about what it does not show. */
function ruleText(rules: RouteRules, requirement: Requirement): string {
  const { publicMethods, isNotObjectAction } = rules;
  const filter = filterOf(rules);
  const remarks = [
    ...(publicMethods.length > 0 ? [`public by the setting publicMethods: ${publicMethods.join(', ')}`] : []),
    ...(isNotObjectAction ? ['without object rules by notObjectActions'] : []),
    ...(isUnfiltered(rules) ? ['without object rules by unfilteredActions'] : []),
    ...(filter === undefined ? [] : [`each object of the list: ${inWords(filter)}`]),
  ];
  return [inWords(requirement), ...remarks].join('; ');
}

// Rules that are decided per request may be about objects.
function isUnfiltered(rules: RouteRules): boolean {
  return rules.isIn('unfilteredActions') && (rules.hasObjectRule || rules.permissions === undefined);
}

function sourceText({ permissionSources = [], sources }: RouteRules): string {
  const said = permissionSources.length > 0 ? permissionSources : [sources.permissionClasses];
  return [...new Set(said)].join(', ');
}

/**
 * Returns the audit as a table with one line per route. Below it lists the order of the permissions of each route where
 * some permissions are asked before the body and others after it.
 */
export function auditTable(audits: readonly RouteAudit[]): string {
  const rows = audits.map(audit => {
    const { method, handler, who, rule, source } = audit;
    return [method, shownPath(audit), handler, who, rule, source];
  });
  const table = aligned([['METHOD', 'PATH', 'HANDLER', 'WHO', 'RULE', 'SOURCE'], ...rows]);
  return [table, ...audits.filter(hasSeveralStages).map(orderText)].join('\n');
}

function hasSeveralStages({ order }: RouteAudit): boolean {
  const stages = new Set(order?.map(({ stage }) => stage));
  return stages.has('before the body') && stages.has('after the body');
}

function orderText(audit: RouteAudit): string {
  const { method, order } = audit;
  const stages = [...new Set(order?.map(({ stage }) => stage))];
  const named = stages.map(stage => {
    const names = order?.filter(one => one.stage === stage).map(({ permission }) => permission);
    return `${stage} ${names?.join(', ') ?? ''}`;
  });
  return `${method} ${shownPath(audit)} asks ${named.join(', then ')}`;
}

/** Returns the rows as lines of text with aligned columns. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map(cells => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map(cells => line(cells).trimEnd()).join('\n');
}
