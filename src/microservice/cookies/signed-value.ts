/** A value that only we can have made, for one cookie: `value:time:signature`, as Django's signed cookies. */
import { isSame, type Secrets } from '../secrets';

/**
 * Signs and checks the values of cookies. The name and the option `cookieSalt` are part of the key: no value can be moved
 * to a cookie of another name, and another salt ends all cookies.
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

  /** @returns the value that was signed, or `undefined`. */
  read(name: string, signed: string): string | undefined {
    const [, stamped = '', value = '', signature = ''] = /^(([\w.-]+):[0-9a-z]+):([\w-]{43})$/.exec(signed) ?? [];
    return isSame(signature, this.signature(name, stamped)) ? value : undefined;
  }

  private signature(name: string, stamped: string): string {
    return this.secrets.hmac('cookie', name, this.salt, stamped).toString('base64url');
  }
}
