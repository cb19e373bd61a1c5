/** A database of PostgreSQL that only the chaos uses, behind a proxy that can stall. */
import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { postgresUrl } from '../microservice/stores/places';
import { StallingProxy } from './stalling-proxy';

export class OwnDatabase {
  private constructor(
    readonly name: string,
    readonly proxy: StallingProxy,
    private readonly admin: DataSource,
  ) {}

  static async create(): Promise<OwnDatabase> {
    const admin = await new DataSource({ type: 'postgres', url: postgresUrl }).initialize();
    const name = `axioms_chaos_${randomBytes(6).toString('hex')}`;
    await admin.query(`CREATE DATABASE ${name}`);
    const { hostname, port } = new URL(postgresUrl);
    return new OwnDatabase(name, await StallingProxy.start(hostname, Number(port || 5432)), admin);
  }

  /** Leads through the proxy. */
  get url(): string {
    return Object.assign(new URL(postgresUrl), {
      hostname: '127.0.0.1',
      port: String(this.proxy.port),
      pathname: this.name,
    }).href;
  }

  /** Leads past the proxy. */
  get directUrl(): string {
    return Object.assign(new URL(postgresUrl), { pathname: this.name }).href;
  }

  async endConnections(): Promise<void> {
    await this.admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [this.name]);
  }

  async setReadOnly(isReadOnly: boolean): Promise<void> {
    const change = isReadOnly ? 'SET default_transaction_read_only = on' : 'RESET default_transaction_read_only';
    await this.admin.query(`ALTER DATABASE ${this.name} ${change}`);
    await this.endConnections();
  }

  /**
   * Locks the table of sessions.
   *
   * @returns a function that releases the lock
   */
  async lockSessions(): Promise<() => Promise<void>> {
    const locking = await new DataSource({ type: 'postgres', url: this.directUrl }).initialize();
    const runner = locking.createQueryRunner();
    await runner.startTransaction();
    await runner.query('LOCK TABLE axioms_refresh_family IN ACCESS EXCLUSIVE MODE');
    return async () => {
      await runner.rollbackTransaction();
      await runner.release();
      await locking.destroy();
    };
  }

  async drop(): Promise<void> {
    this.proxy.close();
    await this.admin.query(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
    await this.admin.destroy();
  }
}
