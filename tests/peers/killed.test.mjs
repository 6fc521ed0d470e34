// Pushes in a tight loop while the server is killed again and again: what was acknowledged stays, at the seq that was acknowledged.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from './server.mjs';
import { digestOf, Random, seed, until } from './tools.mjs';

const kills = 6;
const space = 'killed';
let server;

before(async () => {
  server = await Server.start();
  await server.ok('POST', '/spaces', { id: space, name: 'Killed' });
});
after(() => server?.stop());

const idOf = (operation) => `${operation.actor}/${operation.clock}`;

test(`nothing acknowledged is lost by ${kills} kills (seed ${seed})`, async (t) => {
  const random = new Random(seed);
  const acknowledged = new Map(); // id → { seq, operation }
  const epochs = new Set();
  let pushing = true;

  async function write(actor) {
    const own = new Random(random.below(2 ** 31));
    for (let clock = 1; pushing;) {
      const batch = [];
      for (let i = 0, count = 1 + own.below(20); i < count; i++, clock++)
        batch.push({ scope: 'note', resourceId: `n${own.below(5)}`, actor, clock, payload: { text: 'x'.repeat(own.below(200)), clock } });
      // The very same batch again until it is answered: the first may have been stored before the server died.
      while (true) {
        try {
          const { status, answer } = await server.call('POST', `/spaces/${space}/push`, { clientId: actor, operations: batch });
          assert.equal(status, 200, JSON.stringify(answer));
          epochs.add(answer.epoch);
          answer.results.forEach((result, i) => {
            assert.match(result.status, /^(accepted|duplicate)$/, JSON.stringify(result));
            acknowledged.set(idOf(batch[i]), { seq: result.seq, operation: batch[i] });
          });
          break;
        } catch (error) {
          if (error.code === 'ERR_ASSERTION') throw error;
          await delay(5);
        }
      }
    }
  }

  async function checkLog() {
    // What is acknowledged before the log is read must be in it.
    const before = [...acknowledged];
    const log = await server.log(space);
    const stored = new Map(log.operations.map((operation) => [idOf(operation), operation.seq]));
    assert.equal(stored.size, log.operations.length, 'an identity stands in the log twice');
    for (const [id, { seq }] of before) assert.equal(stored.get(id), seq, `${id} was acknowledged with seq ${seq}`);
    log.operations.forEach((operation, i) => assert.equal(operation.seq, i + 1));
    assert.equal(log.digest, digestOf(log.operations));
    epochs.add(log.epoch);
    return before.length;
  }

  const writers = ['writer-a', 'writer-b', 'writer-c'].map(write);
  const failed = Promise.all(writers);
  for (let i = 0; i < kills; i++) {
    const enough = acknowledged.size + 50 + random.below(1500);
    await Promise.race([until(() => acknowledged.size >= enough, 'more operations are acknowledged'), failed]);
    await server.kill();
    await server.restart();
    await checkLog();
  }
  pushing = false;
  await failed;
  const count = await checkLog();
  assert.equal(epochs.size, 1, 'the epoch changed, although nothing was lost');

  const again = [...acknowledged.values()];
  for (let i = 0; i < again.length; i += 500) {
    const part = again.slice(i, i + 500);
    const { results } = await server.ok('POST', `/spaces/${space}/push`, { clientId: 'again', operations: part.map((one) => one.operation) });
    assert.deepEqual(results, part.map((one) => ({ status: 'duplicate', seq: one.seq })));
  }
  t.diagnostic(`${count} operations acknowledged over ${kills} kills`);
});
