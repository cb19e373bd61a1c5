import { startDemo, type Demo, type DemoOptions } from '../demo';
import { shareState } from './redis';
import { startSecondApi } from './second-api';

/** The demo with a second API beside the first; they share their counts and the logouts that they learn of. */
export async function startSharingDemo(options: DemoOptions): Promise<Demo> {
  const state = await shareState();
  const demo = await startDemo({ ...options, shared: state.settings });
  const second = await startSecondApi(demo.issuer.url);
  const close = async () => {
    await second.close();
    await demo.close();
    state.close();
  };
  return { ...demo, apiUrls: [demo.api.url, second.url], close };
}
