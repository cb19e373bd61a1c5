/** Which servers the chaos lacks on this machine. */
import { spawnSync } from 'node:child_process';
import { DataSource } from 'typeorm';
import { postgresUrl } from '../microservice/stores/places';

export interface Missing {
  readonly name: string;
  readonly reason: string;
  readonly isRequired: boolean;
}

export async function missingServers(): Promise<readonly Missing[]> {
  const found = [await reasonOfPostgres(), reasonOfRedis()];
  const required = (process.env.REQUIRED_SERVERS ?? '').split(',');
  return ['postgres', 'redis'].flatMap((name, place) => {
    const reason = found[place];
    return reason === undefined ? [] : [{ name, reason, isRequired: required.includes(name) }];
  });
}

async function reasonOfPostgres(): Promise<string | undefined> {
  try {
    await (await new DataSource({ type: 'postgres', url: postgresUrl }).initialize()).destroy();
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code ?? message;
  }
}

function reasonOfRedis(): string | undefined {
  return spawnSync('redis-server', ['--version']).error?.message;
}
