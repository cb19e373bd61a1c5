/** What is told to whoever listens: decisions about requests, refreshes of an issuer's keys, outages of shared stores. */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FailureKind } from '../http/bounded-fetch';
import type { TokenReason, UnavailableReason } from '../http/exceptions';

/** Why a request was decided as it was: a closed set, so that it can be counted by. */
export type DecisionReason =
  /** Allowed: somebody, and nobody in particular where nobody is needed. */
  | 'ok'
  | 'anonymous'
  /** Refused: nothing was sent, or something that is not good. */
  | 'not_authenticated'
  | 'credentials_invalid'
  | TokenReason
  | 'request_malformed'
  /** Refused: somebody, who may not. */
  | 'insufficient_scope'
  | 'permission_denied'
  | 'throttled'
  | 'not_found'
  /** Refused by a class of the app's own, with an answer of its own. */
  | 'other'
  /** It could not be decided: the issuer's keys, or something else that is needed, cannot be reached. */
  | UnavailableReason
  /** It could not be decided: a rule is wrong, a rule threw, the client or a middleware ended the request before. */
  | 'misconfigured'
  | 'server_error'
  | 'unfinished';

/** A guarded request was answered. Of the token only the names of verified claims are told, never a value. */
export interface DecisionEvent {
  readonly outcome: 'allowed' | 'refused' | 'error';
  readonly reason: DecisionReason;
  /** Of the answer, the handler's own included; `undefined` where none was sent. */
  readonly status: number | undefined;
  readonly route: {
    /** `BookController.list`. */
    readonly place: string;
    /** In capitals; `ALL` for a route that takes every method. */
    readonly method: string;
    /** The pattern, prefixes included; never the path that was asked for. */
    readonly path: string;
  };
  /** The trusted issuer whose rules were applied, as the settings spell it. */
  readonly issuer: string | undefined;
  /** Names of the claims of the verified token. */
  readonly claims: readonly string[];
  /** Milliseconds spent on deciding, the handler's own time not included. */
  readonly duration: number;
}

/** The keys of an issuer were fetched, or should have been. */
export interface JwksEvent {
  readonly issuer: string;
  /** `unchanged`: the issuer answered 304. */
  readonly outcome: 'refreshed' | 'unchanged' | 'failed';
  /** Why it failed. */
  readonly failure: FailureKind | undefined;
  /** How many keys there are now. */
  readonly keys: number;
  /** Milliseconds, discovery included. */
  readonly duration: number;
}

/** A store that servers share, or should, stopped working or works again. */
export interface StoreEvent {
  readonly store: 'throttle' | 'denylist';
  readonly outcome: 'failed' | 'recovered';
}

/** A channel whose messages are all of one kind. */
export interface EventChannel<Event> {
  /** Look here first: where nobody listens no event is built, and no clock is read. */
  readonly hasSubscribers: boolean;
  publish(event: Event): void;
  /** @returns a function that ends it. */
  subscribe(listener: (event: Event) => void): () => void;
}

/** `axioms:decision`. */
export const decisions: EventChannel<DecisionEvent> = eventChannel('axioms:decision');

/** `axioms:jwks`. */
export const keyRefreshes: EventChannel<JwksEvent> = eventChannel('axioms:jwks');

/** `axioms:store`. */
export const storeChanges: EventChannel<StoreEvent> = eventChannel('axioms:store');

export function eventChannel<Event>(name: string): EventChannel<Event> {
  const own = channel(name);
  return {
    get hasSubscribers() {
      return own.hasSubscribers;
    },
    publish(event) {
      own.publish(event);
    },
    subscribe(listener) {
      const onMessage = (event: unknown): void => {
        listener(event as Event);
      };
      subscribe(name, onMessage);
      return () => {
        unsubscribe(name, onMessage);
      };
    },
  };
}
