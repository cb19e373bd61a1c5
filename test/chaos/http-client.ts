/** Sends requests over kept connections, and tells a lost answer from an answer. */
import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface Asked {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Seconds after which a request counts as hanging: longer than all limits of the library together. */
const longestAnswer = 20;

export class NoAnswerInTime extends Error {
  override readonly name = 'NoAnswerInTime';
}

export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });

  /**
   * @returns nothing if the connection ended without an answer, as where a process was killed
   * @throws NoAnswerInTime
   */
  async ask(url: string, asked: Asked = {}): Promise<Answer | undefined> {
    return this.send(url, asked).catch((error: unknown) => {
      if (error instanceof NoAnswerInTime) throw error;
      return undefined;
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  private send(url: string, { method = 'GET', headers = {}, body }: Asked): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': text.length };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, agent: this.#agent, headers: { ...headers, ...type } }, response => {
        let received = '';
        response.setEncoding('utf8').on('data', (part: string) => (received += part));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bodyOf(received) });
        });
      });
      const timer = setTimeout(() => {
        reject(new NoAnswerInTime(`${method} ${new URL(url).pathname}: no answer in ${longestAnswer} s`));
        sent.destroy();
      }, 1000 * longestAnswer);
      sent.on('close', () => {
        clearTimeout(timer);
      });
      sent.on('error', reject).end(text);
    });
  }
}

function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
