/** Events of sessions, for listeners and the log. They name families and users, and never contain a token. */
import { eventChannel, type EventChannel } from '../core/reports/events';
import type { Logger } from '../core/settings/logger';

/** Why a family of refresh tokens ended. */
export type EndReason =
  /** The user logged out, on this device or on all of them. */
  | 'logged_off'
  /** A token was used after its successor, so somebody has a copy of it. */
  | 'reuse_detected'
  /** The user was deleted or is not active any more. */
  | 'user_inactive'
  /** The user has more than `maxSessionsPerUser` sessions, and this one was used least recently. */
  | 'displaced'
  /** The browser of this session has signed in again. */
  | 'signed_in_again';

/** A session started, was refreshed, or ended. */
export interface SessionEvent {
  readonly kind: 'started' | 'refreshed' | EndReason;
  /** The family of its refresh tokens, which is the `sid` of its access tokens. */
  readonly sid: string;
  readonly iss: string;
  readonly sub: string;
  readonly client_id: string;
}

/** The channel `axioms:session`. */
export const sessionEvents: EventChannel<SessionEvent> = eventChannel('axioms:session');

const levels: Readonly<Record<SessionEvent['kind'], keyof Logger>> = {
  started: 'info',
  refreshed: 'debug',
  logged_off: 'info',
  reuse_detected: 'warn',
  user_inactive: 'info',
  displaced: 'info',
  signed_in_again: 'info',
};

const texts: Readonly<Record<SessionEvent['kind'], string>> = {
  started: 'A session started',
  refreshed: 'A session was refreshed',
  logged_off: 'A session was logged off',
  reuse_detected: 'A refresh token was used again after its successor: its session ends, and the user must sign in',
  user_inactive: 'A session ends, because its user is gone or not active',
  displaced: 'A session ends, because its user has too many',
  signed_in_again: 'A session ends, because its browser has signed in again',
};

/** Logs the event and publishes it to every listener. */
export function tell(event: SessionEvent, logger: Logger): void {
  logger[levels[event.kind]](texts[event.kind], event);
  sessionEvents.publish(event);
}
