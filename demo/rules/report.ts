/** The outcome of the check, as text. */
import { aligned } from '../aligned';
import type { Outcome } from './check-rules';
import type { Answer } from './expected';

export function report(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ passed }) => !passed);
  const header = ['', 'request', 'who', 'expected', 'got'];
  const summary = `${outcomes.length - failed.length} passed, ${failed.length} failed`;
  return [aligned([header, ...outcomes.map(row)]), ...failed.map(difference), '', summary].join('\n');
}

function row({ passed, request, caller, expected, got }: Outcome): string[] {
  return [passed ? '✓' : '✗', request, caller.name, brief(expected), brief(got)];
}

/** The status and the challenge's error code, or its schemes; what is compared is the whole challenge. */
function brief({ status, challenge, shows, says }: Answer): string {
  const [, code = schemesOf(challenge ?? '')] = /error="([^"]*)"/.exec(challenge ?? '') ?? [];
  return [status, code, listed(shows), says].filter(Boolean).join(' ');
}

function schemesOf(challenge: string): string {
  return (challenge.match(/(?<=^|, )\w+(?= )/g) ?? []).join(', ');
}

function listed(shows: Answer['shows']): string {
  return shows === undefined ? '' : `notes of ${shows.join(' and ') || 'nobody'}`;
}

/** What was expected and what came, in full. */
export function difference({ request, caller, expected, got }: Outcome): string {
  return `\n${request} as ${caller.name}\n  expected ${inFull(expected)}\n  got      ${inFull(got)}`;
}

function inFull({ status, challenge, saysWhenAgain, shows, says }: Answer): string {
  const text = `${status}, WWW-Authenticate: ${challenge ?? '(none)'}${saysWhenAgain ? ', Retry-After' : ''}`;
  return [text, listed(shows), says].filter(Boolean).join(', ');
}
