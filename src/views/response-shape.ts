/** How V8 keeps the properties of a response. */
import type { Response } from 'express';
import { isPlain } from '../core/process/plain';

// Node 24 shares these hidden classes.
const areShapesUnique = Number.parseInt(process.versions.node, 10) < 24;

/**
 * Makes V8 keep the properties of a response in a dictionary. Express replaces the prototype of each response. Before Node 24,
 * V8 then makes a hidden class of its own for each property that is added, which costs more than a microsecond, and no later
 * access of Express or Node finds its inline caches. All dictionaries share one hidden class. Deleting a property makes one.
 */
export function shareShape(response: Response): void {
  if (isPlain || !areShapesUnique) return;
  const request = Object.getOwnPropertyDescriptor(response, 'req');
  if (request?.configurable === true && Reflect.deleteProperty(response, 'req'))
    Object.defineProperty(response, 'req', request);
}
