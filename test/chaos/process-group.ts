/** The four processes, which a fault may kill, stop, or end gracefully. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ChaosOrders } from './orders';

export class ChaosProcess {
  #child: ChildProcess | undefined;
  /** The last lines of its error output. */
  readonly said: string[] = [];
  #isExpectedToEnd = false;
  /** Called if the process ends although no fault has ended it. */
  onUnexpectedEnd: (why: string) => void = () => undefined;

  private constructor(readonly orders: ChaosOrders) {}

  static async start(orders: ChaosOrders): Promise<ChaosProcess> {
    const made = new ChaosProcess(orders);
    await made.run();
    return made;
  }

  urlOf(place: number): string {
    return `http://127.0.0.1:${this.orders.deployments[place]!.port}`;
  }

  async run(): Promise<void> {
    const child = fork(join(__dirname, 'chaos-process.js'), [JSON.stringify(this.orders)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#isExpectedToEnd = false;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said.push(...text.split('\n').filter(Boolean));
      this.said.splice(0, this.said.length - 200);
    });
    const ended = once(child, 'exit').then(([code, signal]) => {
      if (!this.#isExpectedToEnd)
        this.onUnexpectedEnd(`ended (${String(code ?? signal)}): ${this.said.slice(-20).join('\n')}`);
    });
    await Promise.race([once(child, 'message'), ended]);
  }

  stop(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    this.#isExpectedToEnd = true;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  }
}
