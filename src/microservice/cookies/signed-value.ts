/** Signed values of cookies: `value:time:signature`, like Django's signed cookies. */
import { isSame, type Secrets } from '../secrets';

/**
 * Signs and checks the values of cookies. The name and the option `cookieSalt` are part of the key. So a value is
 * invalid in a cookie of another name, and another salt invalidates all cookies.
 */
export class SignedValues {
  constructor(
    private readonly secrets: Secrets,
    private readonly salt: string,
    /** Milliseconds since 1970. */
    private readonly clock: () => number,
  ) {}

  sign(name: string, value: string): string {
    const stamped = `${value}:${Math.floor(this.clock() / 1000).toString(36)}`;
    return `${stamped}:${this.signature(name, stamped)}`;
  }

  /** Returns the signed value; `undefined` if the signature is wrong. */
  read(name: string, signed: string): string | undefined {
    const [, stamped = '', value = '', signature = ''] = /^(([\w.-]+):[0-9a-z]+):([\w-]{43})$/.exec(signed) ?? [];
    return isSame(signature, this.signature(name, stamped)) ? value : undefined;
  }

  private signature(name: string, stamped: string): string {
    return this.secrets.hmac('cookie', name, this.salt, stamped).toString('base64url');
  }
}
