/** How a handler is called, and which one can be at once. */
import type { Request } from 'express';
import { getMetadataArgsStorage, type Action, type ActionMetadata } from 'routing-controllers';
import { findVisit, type Visit } from '../views/visit';

/** On the controller that was made for the request. */
export function callHandler(meta: ActionMetadata, action: Action, params: unknown[]): unknown {
  const { controller } = findVisit(action.request as Request) as Visit;
  return (controller as unknown as Record<string, (...params: unknown[]) => unknown>)[meta.method]?.(...params);
}

/** Has the handler neither parameters nor interceptors? Of those of the whole app none may be registered at all. */
export function needsNothing(meta: ActionMetadata): boolean {
  const { params, appendParams, methodOverride, interceptors, controllerMetadata } = meta;
  const isPlain = params.length === 0 && appendParams === undefined && methodOverride === callHandler;
  const ofApp = getMetadataArgsStorage().interceptors;
  return isPlain && [...interceptors, ...controllerMetadata.interceptors, ...ofApp].length === 0;
}
