/** Holds the answer of a handler back while an object rule is undecided; see `answer-gate.ts`. */
export interface Gate {
  /** Was the handler's answer replaced, or its connection closed? */
  readonly isOver: boolean;
  /** Has the handler begun an answer that waits? */
  readonly isKeeping: boolean;
  /** Has the answer left as a whole? */
  readonly isSent: boolean;
  /** Sends the refusal in place of the handler's answer. One that has begun to leave is cut off. */
  refuse(error: unknown): void;
  /** Drops what waits: an error is the answer. */
  giveWay(): void;
  /** Prepares the response for the refusal of a check, whatever the handler has done to it. */
  makeWay(): void;
  /** Takes back what was set on the response since the handler began. */
  resetHead(): void;
  /** Calls a function that sends the answer to an error in place of the handler's. */
  sending(send: () => void): void;
  /** Lets the app's error middleware answer an error. */
  leaveTo(answerers: () => void): void;
  /** Ignores whatever the handler still writes. */
  silence(): void;
}
