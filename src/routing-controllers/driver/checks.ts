/** Runs the checks in front of a handler, in one layer of Express: a layer costs more than most rules. */
import type { RequestHandler } from 'express';
import { requireUnanswered } from '../../core/http/answered';
import type { Soon } from '../../core/time/soon';
import { passOn } from '../../views/dispatched';
import { findVisit } from '../../views/visit';
import type { Exchange } from './error-answers';

/** What a check returns if the request goes no further. */
export const ended = Symbol('ended');

/** A check in front of a handler. It throws, or rejects, where it refuses. */
export type Check = (exchange: Exchange) => Soon<void> | typeof ended;

/** What comes behind the checks of a layer. */
interface Behind {
  /** Comes next; default: the next layer of Express. */
  handle?(exchange: Exchange): void;
  /** Answers the error with which a check refuses. */
  refuse(exchange: Exchange, error: unknown): void;
}

/**
 * Returns a layer that runs checks, and goes on behind the last one. What Express calls stays a plain function that goes on
 * once: an async one that rejects is reported twice by Express 5 and hangs the request on Express 4.
 */
export function layerOf(checks: readonly Check[], { handle = goOn, refuse }: Behind): RequestHandler {
  const run = (exchange: Exchange, first: number): void => {
    try {
      for (let index = first; index < checks.length; index++) {
        const checked = checks[index]?.(exchange);
        if (checked === ended) return;
        if (checked !== undefined) {
          Promise.resolve(checked).then(run.bind(undefined, exchange, index + 1), refuse.bind(undefined, exchange));
          return;
        }
      }
      requireUnanswered(exchange.response);
    } catch (error) {
      refuse(exchange, error);
      return;
    }
    handle(exchange);
  };
  return (request, response, next) => {
    run({ request, response, next }, 0);
  };
}

// A handler that has dispatched the request again does not answer it any more.
function goOn({ request, next }: Exchange): void {
  const visit = findVisit(request);
  passOn(visit?.isPermitted === true ? visit.predecessor : undefined, next);
}
