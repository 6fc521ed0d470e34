// A space on a server, by plain HTTP: pushes within the server's limits and reads on from a cursor.
import { setTimeout as delay } from 'node:timers/promises';

// The server's defaults are 1,000 operations and 8 MiB a push; half of the bytes leaves room for what JSON adds.
const pushOperationsMax = 1_000;
const pushBytesMax = 4 * 1024 * 1024;
const retryMax = 5_000;

/** What the user is told in a line: no fault of the program. */
export class UserError extends Error {}

/** An answer that will not be another one later. */
export class ServerError extends UserError {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class Space {
  constructor({ server, space, token, onTrouble = () => {} }) {
    this.id = space;
    this.#url = server.replace(/\/+$/, '');
    this.#headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    this.#onTrouble = onTrouble;
  }

  #url;
  #headers;
  #onTrouble;

  /** Makes the space, unless it is there. */
  async create(name) {
    try {
      await this.#call('POST', '/spaces', { id: this.id, name });
    } catch (error) {
      if (error.code !== 'name_taken') throw error;
    }
  }

  /** One sync (docs/protocol.md, "Trees by state vector"). */
  sync(body) {
    return this.#call('POST', `/spaces/${this.id}/sync`, body);
  }

  /** Pushes operations of one tree in as many requests as they need. */
  async push(treeId, operations) {
    let batch = [];
    let bytes = 0;
    const send = async () => {
      const answer = await this.#call('PUT', `/spaces/${this.id}/operations`, `{"treeId":${JSON.stringify(treeId)},"operations":[${batch.join()}]}`);
      if (!answer.success) throw new ServerError(answer.rejected[0].code, `the server rejected ${answer.rejected.length} operations, the first: ${answer.rejected[0].detail}`);
      batch = [];
      bytes = 0;
    };
    for (const operation of operations) {
      const text = JSON.stringify({ operation });
      const size = Buffer.byteLength(text) + 1;
      if (batch.length === pushOperationsMax || (batch.length > 0 && bytes + size > pushBytesMax)) await send();
      batch.push(text);
      bytes += size;
    }
    if (batch.length > 0) await send();
  }

  // Repeats a request that may succeed later. Any of ours may be repeated: the server knows an operation that it has.
  async #call(method, path, body) {
    for (let pause = 100; ; pause = Math.min(pause * 2, retryMax)) {
      let response;
      let answer;
      let trouble;
      try {
        response = await fetch(this.#url + path, { method, headers: this.#headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
        answer = await response.json();
      } catch (error) {
        trouble = `${this.#url} cannot be reached (${error.cause?.code ?? error.message})`;
      }
      if (answer && response.ok) return answer;
      if (answer && !answer.retryable) throw new ServerError(answer.code, `${method} ${path}: ${answer.detail}`);
      if (answer) {
        trouble = answer.detail;
        pause = Math.max(pause, Number(response.headers.get('retry-after') ?? 0) * 1000);
      }
      this.#onTrouble(trouble);
      await delay(pause);
    }
  }
}
