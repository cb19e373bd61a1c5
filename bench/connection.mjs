/** A keep-alive connection that asks for one thing at a time: what it costs is next to nothing beside what it measures. */
import { once } from 'node:events';
import { connect } from 'node:net';

export class Connection {
  #socket;
  #url;
  #received = '';
  #settle;

  constructor(socket, url) {
    this.#socket = socket;
    this.#url = url;
    socket
      .setEncoding('latin1')
      .setNoDelay(true)
      .on('data', chunk => this.#receive(chunk));
    socket.on('close', () => this.#settle?.(0));
  }

  static async open(url) {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new Connection(socket, new URL(url));
  }

  /** The status of the answer, once all of it is here; 0 where the connection ended. */
  ask(token, { method = 'GET', body } = {}) {
    const { pathname, search, host } = this.#url;
    const lines = [`${method} ${pathname}${search} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${token}`];
    if (body !== undefined) lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
    return new Promise(resolve => (this.#settle = resolve));
  }

  #receive(chunk) {
    this.#received += chunk;
    const head = this.#received.indexOf('\r\n\r\n');
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(this.#received) ?? [];
    if (head < 0 || this.#received.length < head + 4 + Number(length ?? 0)) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = '';
    this.#settle(status);
  }
}
