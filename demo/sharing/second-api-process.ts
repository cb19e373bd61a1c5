/** Run by the demo with the URL of the authorization server; it tells where it listens, and ends with the demo. */
import { startApi } from '../api';
import { demoPlace, openDatabase, removeDatabase, temporaryPlace } from '../database';
import { endWith } from '../failure';
import { shareState } from './redis';

async function main(issuerUrl: string) {
  // Two processes must not write into one file of SQLite's.
  const isShared = 'url' in demoPlace;
  const place = isShared ? demoPlace : await temporaryPlace();
  const [state, database] = [await shareState(), await openDatabase(place)];
  const api = await startApi({ port: 0, issuerUrl, database, shared: state.settings });
  const end = async () => {
    await api.close();
    await database.destroy();
    state.close();
    if (!isShared) await removeDatabase(place);
  };
  process.once('disconnect', () => void end().catch(endWith));
  process.send?.(api.url);
}

// Ctrl-C in a shell reaches this process, too; the first one says when to end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
main(process.argv[2] ?? '').catch(endWith);
