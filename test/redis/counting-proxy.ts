/** Stands between a client and Redis, and counts round trips: commands that the client sends. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { redisUrl } from './redis-server';

export class CountingProxy {
  #sent: string[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<CountingProxy> {
    const server = createServer();
    const proxy = new CountingProxy(server);
    const { hostname, port } = new URL(redisUrl);
    server.on('connection', near => {
      const far = connect(Number(port || 6379), hostname);
      for (const socket of [near, far]) {
        proxy.#sockets.add(socket);
        socket.on('error', () => near.destroy());
      }
      const place = proxy.#sent.push('') - 1;
      near.on('data', data => (proxy.#sent[place] = (proxy.#sent[place] ?? '') + data.toString('latin1')));
      near.pipe(far).pipe(near);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The name of every command since `forget()`. */
  get commands(): string[] {
    // RESP: *2 $4 MGET $3 key; a command begins a line with the number of its parts.
    const named = this.#sent.flatMap(sent => [...sent.matchAll(/(?:^|\r\n)\*\d+\r\n\$\d+\r\n([A-Za-z]+)(?=\r\n)/g)]);
    return named.map(([, name = '']) => name.toLowerCase());
  }

  forget(): void {
    this.#sent = this.#sent.map(() => '');
  }

  /** Closes every connection, as a Redis that restarts does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}
