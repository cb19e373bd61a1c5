/** A user pool of cognito-local, in a process and a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../../free-port';

export interface CognitoTokens {
  readonly id_token: string;
  readonly access_token: string;
  readonly refresh_token: string;
}

export class CognitoPool {
  private constructor(
    readonly endpoint: string,
    readonly id: string,
    readonly clientId: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(): Promise<CognitoPool> {
    const folder = await mkdtemp(join(tmpdir(), 'cognito-'));
    const port = await freePort();
    const main = join(dirname(require.resolve('cognito-local/package.json')), 'lib/bin/start.js');
    const env = { ...process.env, HOST: '127.0.0.1', PORT: String(port) };
    const child = spawn(process.execPath, [main], { cwd: folder, env, stdio: 'ignore' });
    const endpoint = `http://127.0.0.1:${port}`;
    await healthy(endpoint, child);
    const { UserPool } = (await call(endpoint, 'CreateUserPool', { PoolName: 'books' })) as {
      UserPool: { Id: string };
    };
    const { UserPoolClient } = (await call(endpoint, 'CreateUserPoolClient', {
      UserPoolId: UserPool.Id,
      ClientName: 'web',
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
    })) as { UserPoolClient: { ClientId: string } };
    return new CognitoPool(endpoint, UserPool.Id, UserPoolClient.ClientId, child, folder);
  }

  async addUser(email: string, password: string): Promise<void> {
    const UserAttributes = [
      { Name: 'email', Value: email },
      { Name: 'email_verified', Value: 'true' },
    ];
    const user = { UserPoolId: this.id, Username: email };
    await call(this.endpoint, 'AdminCreateUser', { ...user, UserAttributes, MessageAction: 'SUPPRESS' });
    await call(this.endpoint, 'AdminSetUserPassword', { ...user, Password: password, Permanent: true });
  }

  async signIn(email: string, password: string): Promise<CognitoTokens> {
    const { AuthenticationResult: tokens } = (await call(this.endpoint, 'InitiateAuth', {
      ClientId: this.clientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: password },
    })) as { AuthenticationResult: { IdToken: string; AccessToken: string; RefreshToken: string } };
    return { id_token: tokens.IdToken, access_token: tokens.AccessToken, refresh_token: tokens.RefreshToken };
  }

  async close(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
    await rm(this.folder, { recursive: true });
  }
}

async function healthy(endpoint: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const response = await fetch(`${endpoint}/health`).catch(() => undefined);
    if (response?.ok === true) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`cognito-local ended with ${child.exitCode}`);
}

async function call(endpoint: string, action: string, body: object): Promise<unknown> {
  const headers = {
    'Content-Type': 'application/x-amz-json-1.1',
    'X-Amz-Target': `AWSCognitoIdentityProviderService.${action}`,
  };
  const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
  return response.json();
}
