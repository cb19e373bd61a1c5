/** What a command may use of its surroundings; a test gives it others. */
import { styleText } from 'node:util';

export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  readonly isTTY: boolean;
  /** Everything of the standard input. */
  readInput(): Promise<string>;
  write(text: string): void;
  writeError(text: string): void;
}

export type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

/** NO_COLOR wins (no-color.org), then FORCE_COLOR, then whether somebody looks. */
export function painter({ env, isTTY }: Terminal): Paint {
  const isForced = isSet(env.FORCE_COLOR) && env.FORCE_COLOR !== '0';
  const isColoured = !isSet(env.NO_COLOR) && (isForced || (isTTY && env.FORCE_COLOR !== '0' && env.TERM !== 'dumb'));
  return (colour, text) => (isColoured ? styleText(colour, text, forced) : text);
}

// Later Nodes look at the stream by themselves otherwise; it was looked at here.
const forced = { validateStream: false };

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '';
}

/** What is not text of one line must not move the cursor, or colour what follows. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');
}
