/** The contract that every authentication class must keep, whatever credentials it reads. */
import { BaseAuthentication } from '../../authentication/base';
import { readChallenge } from '../../core/http/challenge';
import type { SettingsInput } from '../../core/settings/settings';
import { AllowAny, IsAuthenticated } from '../../permissions/access';
import type { LoopbackAnswer, Send } from '../loopback';
import { promised, type ContractCase } from './contract-case';
import { authenticationMadeBy, callerProbe, withProbes, type Caller } from './probe-server';

/** The credentials of a request. */
export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>;
  /** The query string, without the `?`. */
  readonly query?: string;
}

/** Credentials, or a function that creates them for each request. */
export type GivesCredentials = Credentials | (() => Credentials | Promise<Credentials>);

/** Options of {@link authenticationContract}: the class under test, and the credentials to test it with. */
export interface AuthenticationContract {
  /** Creates the object under test, as the container would. */
  readonly make: () => BaseAuthentication;
  /** Credentials that the class accepts. */
  readonly good: GivesCredentials;
  /** Credentials that are meant for the class, and that it refuses. */
  readonly bad: GivesCredentials;
  /** A request without credentials for the class; default: no credentials. */
  readonly none?: GivesCredentials;
  /** The `sub` of the user with the good credentials; default: it is not checked. */
  readonly sub?: string;
  /** The settings of the server; default: those of a test issuer. */
  readonly axioms?: SettingsInput;
}

class Fallback extends BaseAuthentication {
  authenticate() {
    return { user: { isAuthenticated: true, sub: 'the next class' } };
  }
}

const paths = { open: '/open', closed: '/closed', next: '/next' };

/**
 * Returns the contract of `BaseAuthentication` as test cases over HTTP: its three results (`null`, a caller, an error),
 * which requests reach later classes, its challenge, concurrent requests, and that a refusal does not quote
 * credentials.
 *
 * @example
 * const cases = authenticationContract({
 *   make: () => new ApiKeyAuthentication(),
 *   good: { headers: { 'X-Api-Key': 'open sesame' } },
 *   bad: { headers: { 'X-Api-Key': 'open barley' } },
 * });
 * for (const { name, run } of cases) it(name, run);
 */
export function authenticationContract(contract: AuthenticationContract): readonly ContractCase[] {
  return promises.map(({ name, keep }) => ({ name, run: () => keep(new Subject(contract)) }));
}

type Kind = 'good' | 'bad' | 'none';

class Subject {
  constructor(readonly contract: AuthenticationContract) {}

  /** Calls `use` with a function that sends good, bad or no credentials to a probe. */
  probed(use: (ask: (path: string, kind: Kind) => Promise<LoopbackAnswer>) => Promise<void>): Promise<void> {
    const made = authenticationMadeBy(this.contract.make);
    const controllers = [
      callerProbe(paths.open, [made], [AllowAny]),
      callerProbe(paths.closed, [made], [IsAuthenticated]),
      callerProbe(paths.next, [made, Fallback], [AllowAny]),
    ];
    return withProbes(controllers, this.contract.axioms, send => use((path, kind) => this.ask(send, path, kind)));
  }

  async ask(send: Send, path: string, kind: Kind): Promise<LoopbackAnswer> {
    const { headers, query } = await this.credentials(kind);
    return send('GET', query === undefined ? path : `${path}?${query}`, { headers });
  }

  async credentials(kind: Kind): Promise<Credentials> {
    const given = this.contract[kind] ?? {};
    return typeof given === 'function' ? given() : given;
  }

  get insists(): boolean {
    return this.contract.make().isMandatory === true;
  }
}

interface AuthenticationPromise {
  readonly name: string;
  keep(subject: Subject): Promise<void>;
}

const promises: readonly AuthenticationPromise[] = [
  {
    name: 'knows whose the good credentials are',
    keep: subject =>
      subject.probed(async ask => {
        const answer = await ask(paths.closed, 'good');
        promised(answer.status === 200, `Good credentials are answered with ${shown(answer)}.`);
        const { isAuthenticated, sub } = callerIn(answer);
        promised(isAuthenticated, 'Good credentials give a user whose isAuthenticated is false.');
        const { sub: expected = sub } = subject.contract;
        promised(sub === expected, `Good credentials are those of '${String(sub)}', not of '${String(expected)}'.`);
      }),
  },
  {
    name: 'refuses bad credentials, also where anybody may',
    keep: subject =>
      subject.probed(async ask => {
        const answer = await ask(paths.open, 'bad');
        promised(isRefusal(answer), `Bad credentials are answered with ${shown(answer)}: throw AuthenticationFailed.`);
      }),
  },
  {
    name: 'is not concerned by a request without credentials',
    keep: subject =>
      subject.probed(async ask => {
        const answer = await ask(paths.open, 'none');
        const expected = subject.insists ? isRefusal(answer) : answer.status === 200;
        promised(expected, `A request without credentials is answered with ${shown(answer)}: return null.`);
        if (answer.status === 200)
          promised(!callerIn(answer).isAuthenticated, 'A request without credentials is somebody: return null.');
      }),
  },
  {
    name: 'leaves a request without credentials to the next class',
    keep: subject =>
      subject.probed(async ask => {
        const answer = await ask(paths.next, 'none');
        const isNext = answer.status === 200 && callerIn(answer).sub === 'the next class';
        promised(isNext, `The next class is not asked: ${shown(answer)}. Return null for what is not yours.`);
      }),
  },
  {
    name: 'leaves bad credentials to no other class',
    keep: subject =>
      subject.probed(async ask => {
        const answer = await ask(paths.next, 'bad');
        promised(isRefusal(answer), `The next class is asked about bad credentials: ${shown(answer)}. Throw instead.`);
      }),
  },
  {
    name: 'has a challenge that is well formed, on every 401, or else gives none',
    keep: subject =>
      subject.probed(async ask => {
        for (const [path, kind] of [
          [paths.closed, 'none'],
          [paths.open, 'bad'],
        ] as const)
          checkChallenge(await ask(path, kind));
      }),
  },
  {
    name: 'quotes no credentials in a refusal',
    keep: subject =>
      subject.probed(async ask => {
        const secrets = secretsOf(await subject.credentials('bad'));
        const { body, headers } = await ask(paths.open, 'bad');
        const text = `${JSON.stringify(headers)}${body}`;
        promised(!secrets.some(secret => text.includes(secret)), 'A refusal quotes the credentials that were sent.');
      }),
  },
  {
    name: 'tells requests apart that come at once',
    keep: subject =>
      subject.probed(async ask => {
        const kinds = Array.from({ length: 30 }, (_, index) => (['good', 'bad', 'none'] as const)[index % 3] ?? 'none');
        const answers = await Promise.all(kinds.map(kind => ask(paths.open, kind)));
        const alone = { good: '', bad: '', none: '' };
        for (const kind of ['good', 'bad', 'none'] as const) alone[kind] = outcomeOf(await ask(paths.open, kind));
        const mixed = kinds.findIndex((kind, index) => outcomeOf(answers[index]) !== alone[kind]);
        promised(mixed < 0, `Of 30 requests at once one with ${kinds[mixed] ?? ''} credentials is answered otherwise.`);
      }),
  },
];

function callerIn({ body }: LoopbackAnswer): Caller {
  return JSON.parse(body) as Caller;
}

function isRefusal({ status }: LoopbackAnswer): boolean {
  return [400, 401, 403].includes(status);
}

function shown({ status, body }: LoopbackAnswer): string {
  return status >= 500 ? `${status} ${body}` : String(status);
}

function outcomeOf(answer: LoopbackAnswer | undefined): string {
  return answer?.status === 200 ? `200 ${answer.body}` : String(answer?.status);
}

function checkChallenge({ status, headers }: LoopbackAnswer): void {
  const challenge = headers['www-authenticate'];
  promised(status !== 401 || challenge !== undefined, 'A 401 has no WWW-Authenticate.');
  const isRight = challenge === undefined || readChallenge(challenge) !== undefined;
  promised(
    isRight,
    'The challenge of authenticateHeader() is not of the form of RFC 9110 §11.6.1: Scheme name="value".',
  );
}

// Shorter values, such as "1" or "Bearer", may occur in any text.
function secretsOf({ headers = {}, query = '' }: Credentials): string[] {
  return [...Object.values(headers), ...new URLSearchParams(query).values()]
    .flatMap(value => value.split(/[ ,;]/))
    .filter(value => value.length >= 8);
}
