// A task-list client as it is in the wild, with plain fetch, over two devices: lost requests and replies, kills of the server, take-overs. Both
// end with the same operations, and what was acknowledged is there once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from './server.mjs';
import { Random, seed, until } from './tools.mjs';

const kills = 4;
let server;

before(async () => {
  server = await Server.start('--Limits:PageOperationsMax=40', '--Limits:PushOperationsMax=60');
});
after(() => server?.stop());

const idOf = (operation) => `${operation.scope}/${operation.resourceId}/${operation.actor}/${operation.clock}`;
const bare = ({ scope, resourceId, actor, clock, payload }) => ({ scope, resourceId, actor, clock, payload });

/** One device: local operations, an outbox, and the three things it remembers of the server. It knows nothing of `hasMore`. */
class Device {
  constructor(name, random) {
    this.clientId = name;
    this.random = random;
    this.outbox = [];
    this.operations = new Map(); // id → operation: the device's whole state since the snapshot
    this.base = ''; // the snapshot that they stand on
    this.clock = 0;
    this.lastServerSeq = 0;
    this.datasetGenerationKey = undefined;
    this.stale = 0;
    this.lost = 0;
  }

  write(count) {
    for (let i = 0; i < count; i++) {
      const clock = ++this.clock;
      const itemId = `t${this.random.below(50)}`;
      const type = ['insert', 'update', 'move', 'remove'][this.random.below(4)];
      const payload = { type, actor: this.clientId, clock, itemId, payload: { text: `é${clock}`, done: clock % 2 === 0 } };
      const operation = { scope: 'list', resourceId: `l${this.random.below(3)}`, actor: this.clientId, clock, payload };
      this.operations.set(idOf(operation), operation);
      this.outbox.push(operation);
    }
  }

  async start() {
    if (this.datasetGenerationKey) return;
    this.take(await this.send('GET', '/sync/bootstrap'));
  }

  /** Takes a bootstrap over; what is still to be sent stays on top of it. */
  take({ datasetGenerationKey, snapshot, serverSeq, ops }) {
    this.datasetGenerationKey = datasetGenerationKey;
    this.lastServerSeq = serverSeq;
    this.base = snapshot;
    this.operations = new Map(this.outbox.map((operation) => [idOf(operation), operation]));
    if (snapshot !== '') for (const operation of JSON.parse(snapshot)) this.apply(operation);
    for (const operation of ops) this.apply(operation);
  }

  apply(operation) {
    this.operations.set(idOf(operation), bare(operation));
    this.clock = Math.max(this.clock, operation.clock);
  }

  async syncOnce() {
    await this.start();
    const sent = this.outbox.slice();
    if (sent.length > 0) {
      const { clientId, datasetGenerationKey } = this;
      const { results } = await this.send('POST', '/sync/push', { clientId, datasetGenerationKey, ops: sent });
      assert.equal(results.length, sent.length);
      for (const result of results) assert.match(result.status, /^(accepted|duplicate)$/, JSON.stringify(result));
      this.outbox.splice(0, sent.length);
    }
    while (true) {
      const query = new URLSearchParams({ since: this.lastServerSeq, clientId: this.clientId, datasetGenerationKey: this.datasetGenerationKey });
      const page = await this.send('GET', `/sync/pull?${query}`);
      for (const operation of page.ops) this.apply(operation);
      this.lastServerSeq = page.serverSeq;
      if (page.ops.length === 0) return;
    }
  }

  /** Puts its own state in the place of everybody's. The key is its own, so it may be sent again after a lost reply. */
  async takeOver(key, expectedGenerationKey) {
    const snapshot = JSON.stringify([...this.operations.values()]);
    const { clientId } = this;
    const answer = await this.send('POST', '/sync/reset', { clientId, datasetGenerationKey: key, snapshot, expectedGenerationKey });
    assert.equal(answer.datasetGenerationKey, key);
    this.datasetGenerationKey = key;
    this.lastServerSeq = answer.serverSeq;
    this.outbox = [];
  }

  // Each request may be lost on its way, and each reply on its way back.
  async send(method, path, body) {
    if (this.random.below(12) === 0) throw new Lost('request');
    const { status, answer } = await server.call(method, path, body);
    if (this.random.below(12) === 0) throw new Lost('reply');
    if (status === 409) throw new Stale(answer);
    assert.equal(status, 200, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Tries until it works, as a device does that comes and goes. */
  async untilDone(work) {
    while (true) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof Stale) {
          assert.equal(error.answer.code, 'stale_generation', JSON.stringify(error.answer));
          assert.equal(typeof error.answer.snapshot, 'string');
          assert.notEqual(error.answer.datasetGenerationKey, this.datasetGenerationKey);
          this.stale++;
          this.datasetGenerationKey = undefined;
        } else if (error.code === 'ERR_ASSERTION') {
          throw error;
        } else {
          this.lost++;
          await delay(5);
        }
      }
    }
  }
}

class Lost extends Error {}

class Stale extends Error {
  constructor(answer) {
    super(JSON.stringify(answer));
    this.answer = answer;
  }
}

const stateOf = (device) => [...device.operations].sort(([a], [b]) => (a < b ? -1 : 1));

test(`two devices end with the same tasks, through ${kills} kills and take-overs (seed ${seed})`, async (t) => {
  const random = new Random(seed);
  const devices = ['laptop', 'phone'].map((name) => new Device(name, new Random(random.below(2 ** 31))));
  let working = true;
  let written = 0;
  const runs = devices.map(async (device) => {
    while (working) {
      const count = 1 + device.random.below(device.random.below(10) === 0 ? 300 : 20);
      device.write(count);
      written += count;
      await device.untilDone(() => device.syncOnce());
    }
  });
  const failed = Promise.all(runs);
  let takeOvers = 0;
  const lost = () => devices.reduce((sum, device) => sum + device.lost, 0);
  for (let i = 0; i < kills; i++) {
    const enough = written + 300 + random.below(700);
    await Promise.race([until(() => written >= enough, 'more operations are written'), failed]);
    await server.kill();
    await server.restart();
  }
  working = false;
  await failed;
  for (const device of devices) await device.untilDone(() => device.syncOnce());
  for (const device of devices) await device.untilDone(() => device.syncOnce());
  assert.deepEqual(stateOf(devices[0]), stateOf(devices[1]));
  assert.equal(devices[0].operations.size, written, 'every operation is there once');
  assert.ok(lost() > 0);

  // One takes over while the other has something to send; a kill right after it, and the same reset again.
  const [laptop, phone] = devices;
  for (let i = 0; i < 3; i++) {
    phone.write(90);
    const expected = laptop.datasetGenerationKey;
    await laptop.untilDone(() => laptop.takeOver(`take-over-${i}`, expected));
    takeOvers++;
    await server.kill();
    await server.restart();
    await laptop.untilDone(() => laptop.takeOver(`take-over-${i}`, expected));
    laptop.write(5);
    for (const device of [phone, laptop, phone]) await device.untilDone(() => device.syncOnce());
    assert.deepEqual(stateOf(phone), stateOf(laptop));
    written += 95;
    assert.equal(laptop.operations.size, written, 'what was unsent at a take-over counts');
  }
  assert.ok(phone.stale >= 3, 'the other device was told each time');

  const fresh = new Device('tablet', new Random(1));
  await fresh.untilDone(() => fresh.syncOnce());
  assert.deepEqual(stateOf(fresh), stateOf(laptop));
  const { spaces } = await server.ok('GET', '/spaces');
  assert.deepEqual(spaces.map((space) => space.name), ['Personal']);
  const { clients, head } = await server.ok('GET', `/spaces/${spaces[0].id}/clients`);
  assert.equal(clients[0].clientId, 'tablet');
  assert.equal(clients[0].lag, head - clients[0].cursor);
  t.diagnostic(`${written} operations, ${lost()} losses, ${takeOvers} take-overs`);
});
