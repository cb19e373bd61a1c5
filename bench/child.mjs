/** A process of its own that answers one question at a time. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

export class Child {
  #process;

  constructor(script, args, execArgv = []) {
    this.#process = fork(new URL(script, import.meta.url), args, { execArgv });
    this.#process.once('exit', code => {
      if (code) throw new Error(`${script} ${args.join(' ')} ended with ${code}`);
    });
  }

  /** The first message, sent when the child is ready. */
  ready() {
    return this.#answer();
  }

  ask(question) {
    this.#process.send(question);
    return this.#answer();
  }

  async stop() {
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }

  async #answer() {
    const [answer] = await once(this.#process, 'message');
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}

/** In the child: answers each question of the parent, and ends with it. */
export function serve(answer) {
  process.on('message', question => {
    Promise.resolve(question)
      .then(answer)
      .catch(error => ({ error: String(error?.stack ?? error) }))
      .then(result => process.send(result));
  });
  process.once('disconnect', () => process.exit());
}
