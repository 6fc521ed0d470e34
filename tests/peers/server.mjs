// The server program as a child process: started on a free port with a data folder of its own, killed and started again on both.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const program = resolve(process.env.SYNCLINE_SERVER ?? join(import.meta.dirname, '../../artifacts/server/syncline.dll'));

/** Runs a command of the program to its end. */
export const syncline = (...args) => new Promise((done) => {
  execFile('dotnet', [program, ...args], { timeout: 60_000 }, (error, stdout, stderr) => done({ code: error ? error.code : 0, stdout, stderr }));
});

/** Runs a command of the program and ends it as a loss of power would, when it did not end by itself before. */
export const synclineKilled = (milliseconds, ...args) => new Promise((done) => {
  const child = spawn('dotnet', [program, ...args], { stdio: 'ignore' });
  const late = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  child.once('exit', (code, signal) => {
    clearTimeout(late);
    done({ code, signal });
  });
});

export class Server {
  #child;
  #output = '';

  #settings;

  /** Settings as on the command line, in place of open access and the default limits. */
  static async start(...settings) {
    const server = new Server();
    server.#settings = settings;
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    server.data = await mkdtemp(join(tmpdir(), 'syncline-peers-'));
    try {
      await server.#run();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Ends the process as a loss of power would: no handler of its own runs. */
  async kill() {
    const child = this.#child;
    this.#child = undefined;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }

  async restart() {
    if (this.#child) await this.kill();
    await this.#run();
  }

  /** Ends the process the way an operator does, and removes its data. */
  async stop() {
    if (this.#child) {
      const child = this.#child;
      this.#child = undefined;
      const gone = child.exitCode === null ? new Promise((done) => child.once('exit', done)) : undefined;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(late);
    }
    await rm(this.data, { recursive: true, force: true });
  }

  /** One call; throws when the connection fails. */
  async call(method, path, body, signal) {
    return call(this.url, method, path, body, signal);
  }

  /** One call that must succeed; its answer. */
  async ok(method, path, body, signal) {
    const { status, answer } = await this.call(method, path, body, signal);
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** The whole log of a space, page by page, and the last page beside it. */
  async log(space, limit = 1000) {
    const operations = [];
    for (let after = 0, epoch = ''; ;) {
      const page = await this.ok('GET', `/spaces/${space}/pull?after=${after}&limit=${limit}${epoch && `&epoch=${epoch}`}`);
      operations.push(...page.operations);
      ({ cursor: after, epoch } = page);
      if (!page.hasMore) return { ...page, operations };
    }
  }

  async #run() {
    const fixed = ['--urls', this.url, '--data', this.data, '--Auth:Mode=None', '--Logging:LogLevel:Default=Warning'];
    const child = spawn('dotnet', [program, 'serve', ...fixed, ...this.#settings], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let ended = false;
    child.on('exit', () => { ended = true; });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { this.#output = (this.#output + text).slice(-20_000); });
    }
    const deadline = Date.now() + 60_000;
    while (true) {
      if (ended || Date.now() > deadline) throw new Error(`the server did not start:\n${this.#output}`);
      try {
        if ((await fetch(`${this.url}/healthz`)).ok) return;
      } catch {
        // Not listening yet.
      }
      await delay(20);
    }
  }

  /** What the server printed last. */
  get output() {
    return this.#output;
  }
}

// Longer than any wait that a test asks for: a call without an answer is a fault to be named, not one to wait for.
const answerWithin = 60_000;

export async function call(url, method, path, body, signal) {
  const late = signal ? undefined : AbortSignal.timeout(answerWithin);
  try {
    const response = await fetch(url + path, {
      method,
      signal: signal ?? late,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, answer: text === '' ? null : JSON.parse(text) };
  } catch (error) {
    throw late?.aborted ? new Error(`${method} ${path}: no answer in ${answerWithin} ms`) : error;
  }
}

export function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
