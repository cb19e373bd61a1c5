/** The faults of the table in docs/many-processes.md that the chaos causes, one after another. */
import type { OwnDatabase } from './own-database';
import type { DurableRedis, RedisUnderSentinel } from './own-redis';
import type { ChaosProcess } from './process-group';
import type { Random } from './random';

export interface Engines {
  readonly pair: RedisUnderSentinel;
  readonly denylist: DurableRedis;
  readonly database: OwnDatabase;
  readonly processes: readonly ChaosProcess[];
}

/** Ends the fault. */
type End = () => Promise<unknown>;

/** The time in which confirmed writes may be lost. */
export interface Loss {
  /** @param since by `performance.now()` */
  begin(since: number): void;
  end(): void;
}

export interface Fault {
  readonly name: string;
  /** The deployment whose confirmed writes it may lose. */
  readonly loses?: 'redis';
  /** The longest duration, in seconds. */
  readonly longest: number;
  begin(engines: Engines, random: Random, loss: Loss): Promise<End>;
}

const cut = [['CLIENT', 'KILL', 'TYPE', 'normal']] as const;

export const faults: readonly Fault[] = [
  {
    name: 'Redis under Sentinel: the master is killed',
    loses: 'redis',
    longest: 1,
    async begin({ pair }, _, loss) {
      const master = await pair.master();
      pair.expectFailOver();
      loss.begin(await pair.replicatedUntil());
      await master.kill();
      return async () => {
        await pair.untilMasterIsNot(master.port);
        loss.end();
        await master.run(await pair.masterPort());
        await pair.untilReplicated();
      };
    },
  },
  {
    name: 'Redis under Sentinel: the master hangs until it is replaced',
    loses: 'redis',
    longest: 1,
    async begin({ pair }, _, loss) {
      const master = await pair.master();
      pair.expectFailOver();
      loss.begin(await pair.replicatedUntil());
      master.stop();
      return async () => {
        await pair.untilMasterIsNot(master.port);
        master.goOn();
        // Until Sentinel demotes it, the old master takes itself for one, and answers clients that have found no other.
        await pair.untilReplicated();
        loss.end();
      };
    },
  },
  {
    name: 'Redis under Sentinel: a planned fail-over',
    longest: 1,
    async begin({ pair }) {
      await pair.switchOver();
      return () => pair.untilReplicated();
    },
  },
  {
    name: 'Redis under Sentinel: connections end',
    longest: 0.1,
    async begin({ pair }) {
      await (await pair.master()).ask(...cut);
      return () => Promise.resolve();
    },
  },
  {
    name: 'Redis: killed, and started again with its file',
    longest: 3,
    async begin({ denylist }) {
      await denylist.kill();
      return () => denylist.run();
    },
  },
  {
    name: 'Redis: hangs',
    longest: 4,
    begin({ denylist }) {
      denylist.stop();
      return Promise.resolve(() => {
        denylist.goOn();
        return Promise.resolve();
      });
    },
  },
  {
    name: 'Redis: connections end',
    longest: 0.1,
    async begin({ denylist }) {
      await denylist.ask(...cut);
      return () => Promise.resolve();
    },
  },
  {
    name: 'Redis: READONLY',
    longest: 3,
    async begin({ denylist }) {
      await denylist.ask(['REPLICAOF', '127.0.0.1', '1']);
      return () => denylist.ask(['REPLICAOF', 'NO', 'ONE']);
    },
  },
  {
    name: 'Redis: out of memory (noeviction)',
    longest: 3,
    async begin({ denylist }) {
      await denylist.ask(['CONFIG', 'SET', 'maxmemory', '1']);
      return () => denylist.ask(['CONFIG', 'SET', 'maxmemory', '0']);
    },
  },
  {
    name: 'Redis: NOAUTH',
    longest: 3,
    async begin({ denylist }) {
      await denylist.ask(['CONFIG', 'SET', 'requirepass', 'earthsea'], ...cut);
      return () => denylist.ask(['AUTH', 'earthsea'], ['CONFIG', 'SET', 'requirepass', '']);
    },
  },
  {
    name: 'PostgreSQL: backends are terminated',
    longest: 0.1,
    async begin({ database }) {
      await database.endConnections();
      return () => Promise.resolve();
    },
  },
  {
    name: 'PostgreSQL: stalls',
    longest: 8,
    begin({ database }) {
      database.proxy.stall();
      return Promise.resolve(() => {
        database.proxy.open();
        return Promise.resolve();
      });
    },
  },
  {
    name: 'PostgreSQL: refuses connections',
    longest: 4,
    begin({ database }) {
      database.proxy.refuse();
      return Promise.resolve(() => {
        database.proxy.open();
        return Promise.resolve();
      });
    },
  },
  {
    name: 'PostgreSQL: read-only',
    longest: 4,
    async begin({ database }) {
      await database.setReadOnly(true);
      return () => database.setReadOnly(false);
    },
  },
  {
    name: 'PostgreSQL: a locked table',
    longest: 7,
    begin: ({ database }) => database.lockSessions(),
  },
  {
    name: 'A process is killed',
    longest: 1,
    async begin({ processes }, random) {
      const chosen = random.of(processes);
      await chosen.end('SIGKILL');
      return () => chosen.run();
    },
  },
  {
    name: 'A process hangs',
    longest: 4,
    begin({ processes }, random) {
      const chosen = random.of(processes);
      chosen.stop();
      return Promise.resolve(() => {
        chosen.goOn();
        return Promise.resolve();
      });
    },
  },
  {
    name: 'A process is replaced (SIGTERM)',
    longest: 0.5,
    async begin({ processes }, random) {
      const chosen = random.of(processes);
      await chosen.end('SIGTERM');
      return () => chosen.run();
    },
  },
];
