/** The input and output of a command. A test replaces them. */
import { styleText } from 'node:util';
import type { Timers } from '../core/time/timers';

export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  /** Whether the output is a terminal. */
  readonly isTTY: boolean;
  /** Whether stderr is a terminal. */
  readonly isErrorTTY: boolean;
  readonly timers: Timers;
  /** Reads the standard input to its end. */
  readInput(): Promise<string>;
  write(text: string): void;
  writeError(text: string): void;
}

export type Color = 'green' | 'red' | 'yellow' | 'dim' | 'bold';
export type Paint = (color: Color, text: string) => string;

/**
 * Returns a function that styles text, or leaves it as it is. NO_COLOR decides first (no-color.org), then FORCE_COLOR,
 * then whether the output is a terminal.
 */
export function painter({ env, isTTY }: Terminal): Paint {
  const isForced = isSet(env.FORCE_COLOR) && env.FORCE_COLOR !== '0';
  const isColored = !isSet(env.NO_COLOR) && (isForced || (isTTY && env.FORCE_COLOR !== '0' && env.TERM !== 'dumb'));
  return (color, text) => (isColored ? styleText(color, text, forced) : text);
}

// Turns off the check of the stream in later versions of Node, because this file has checked it.
const forced = { validateStream: false };

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '';
}

/**
 * Replaces control characters, which could move the cursor, change the style of the text after them, or reverse its
 * direction.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');
}
