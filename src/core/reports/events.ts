/**
 * Publishes events to subscribers: decisions about requests, refreshes of an issuer's keys, and outages of shared
 * stores.
 */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FailureKind } from '../http/bounded-fetch';
import type { TokenReason, UnavailableReason } from '../http/exceptions';
import type { ProofReason } from '../http/possession-exceptions';

/** The reason of a decision: a closed set, so that metrics can count by it. */
export type DecisionReason =
  /** Allowed: an authenticated caller, or an anonymous one if the route needs no authentication. */
  | 'ok'
  | 'anonymous'
  /** Refused: there are no credentials, or bad ones. */
  | 'not_authenticated'
  | 'credentials_invalid'
  | TokenReason
  | ProofReason
  /** Refused: the sign-in was too weak, or too long ago (RFC 9470). */
  | 'insufficient_user_authentication'
  | 'request_malformed'
  /** Refused: an authenticated caller without permission, or a request that a throttle or a missing object ends. */
  | 'insufficient_scope'
  | 'permission_denied'
  | 'throttled'
  | 'not_found'
  /** Refused by a class of the app with an error of its own type. */
  | 'other'
  /** Undecided: the issuer's keys, or something else that is needed, cannot be reached. */
  | UnavailableReason
  /** Undecided: a rule is wrong, a rule threw, or the client or a middleware ended the request first. */
  | 'misconfigured'
  | 'server_error'
  | 'unfinished';

/** Describes the decision about a guarded request. Contains the names of verified claims, and never a value. */
export interface DecisionEvent {
  readonly outcome: 'allowed' | 'refused' | 'error';
  readonly reason: DecisionReason;
  /** Status of the response, including the handler's own; `undefined` if none was sent. */
  readonly status: number | undefined;
  readonly route: {
    /** `BookController.list`. */
    readonly place: string;
    /** In capitals; `ALL` for a route that accepts every method. */
    readonly method: string;
    /** The path pattern, prefixes included; never the path of the request. */
    readonly path: string;
  };
  /** The trusted issuer whose rules were applied, as the settings spell it. */
  readonly issuer: string | undefined;
  /** Names of the claims of the verified token. */
  readonly claims: readonly string[];
  /** Milliseconds that the decision took, without the handler's own time. */
  readonly duration: number;
}

/** Describes a fetch of an issuer's keys. */
export interface JwksEvent {
  readonly issuer: string;
  /** `unchanged`: the issuer answered 304. */
  readonly outcome: 'refreshed' | 'unchanged' | 'failed';
  /** Why the fetch failed. */
  readonly failure: FailureKind | undefined;
  /** Number of keys after the fetch. */
  readonly keys: number;
  /** Milliseconds, discovery included. */
  readonly duration: number;
}

/** Reports that a store, which may be shared by several servers, stopped working or works again. */
export interface StoreEvent {
  readonly store: 'throttle' | 'denylist' | 'sign-in' | 'proof';
  readonly outcome: 'failed' | 'recovered';
}

/** A channel for one type of event. */
export interface EventChannel<Event> {
  /** Check this first: without subscribers no event should be built and no clock read. */
  readonly hasSubscribers: boolean;
  publish(event: Event): void;
  /**
   * Calls the listener for every event from now on.
   *
   * @returns a function that ends the subscription
   */
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
