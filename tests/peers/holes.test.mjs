// Waits beside what a RepTree peer's vector never covers, and what ends them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RepTree } from 'reptree';
import { Server } from './server.mjs';
import { until } from './tools.mjs';

const parked = 700;
let server;
const trees = [];

before(async () => { server = await Server.start(); });
after(async () => {
  trees.forEach((tree) => tree.state.dispose());
  await server?.stop();
});

function peer(id) {
  const tree = new RepTree(id);
  trees.push(tree);
  return tree;
}

/** A space with one tree in it, and the peer that made it. */
async function plant(space) {
  await server.ok('POST', '/spaces', { id: space, name: space });
  const tree = peer('a');
  const treeId = tree.createRoot().id;
  const at = {
    space,
    treeId,
    push: (from, id = treeId) => put(at, from.popLocalOps(), id),
    sync: (body, signal) => server.ok('POST', `/spaces/${space}/sync`, body, signal),
    vectors: (of) => ({ [treeId]: of.getStateVector() }),
  };
  await at.push(tree);
  return [at, tree];
}

async function put(at, operations, treeId = at.treeId) {
  const answer = await server.ok('PUT', `/spaces/${at.space}/operations`, { treeId, operations: operations.map((operation) => ({ operation })) });
  assert.deepEqual(answer.rejected, []);
  return answer;
}

async function catchUp(at, tree) {
  const answer = await at.sync({ stateVectors: at.vectors(tree) });
  assert.equal(answer.hasMore, false);
  tree.merge(operationsOf(at, answer));
  return answer;
}

const operationsOf = (at, answer) => (answer.operations[at.treeId] ?? []).map((one) => one.operation);
const idsOf = (at, answer) => (answer.operations[at.treeId] ?? []).map((one) => one.id);

async function timed(promise) {
  const began = performance.now();
  const answer = await promise;
  return [answer, performance.now() - began];
}

async function assertParks(at, body) {
  const [answer, took] = await timed(at.sync({ ...body, timeout: parked }));
  assert.deepEqual(answer.operations, {});
  assert.ok(took >= parked - 20, `it waited ${took} ms of ${parked}`);
  return answer;
}

describe('a peer with a hole for ever', { concurrency: true }, () => {
  test('two peers that both started empty park by vectors alone', async () => {
    const [at, a] = await plant('both-empty');
    const b = peer('b');
    await catchUp(at, b);
    await at.push(b);
    await catchUp(at, a);

    // b wrote _c of "0" last, so a's write lost there and never entered b's vector.
    assert.deepEqual(b.getStateVector().a, [[1, 1], [3, a.lamportClock]]);
    await Promise.all([a, b].flatMap((tree) => [
      assertParks(at, { stateVectors: at.vectors(tree) }),
      assertParks(at, { stateVectors: at.vectors(tree), clientId: tree.peerId }),
    ]));

    // And the wait still ends when there is something.
    const waits = [{}, { clientId: 'b' }].map((more) => at.sync({ stateVectors: at.vectors(b), timeout: 20_000, ...more }));
    a.root.setProperty('name', 'Plan');
    await at.push(a);
    for (const answer of await Promise.all(waits)) assert.deepEqual(operationsOf(at, answer).map((one) => one.value), ['Plan']);
  });

  test('a client whose newer edit never reaches the server parks by its cursor, and by vectors is woken by what is newer only', async () => {
    const [at, a] = await plant('never-sent');
    const b = peer('b');
    await catchUp(at, b);
    await at.push(b);
    await catchUp(at, a);

    for (let i = 0; i < 5; i++) b.root.setProperty('name', `mine ${i}`);
    b.popLocalOps();
    a.root.setProperty('name', 'theirs');
    await at.push(a);
    const { cursor, epoch } = await catchUp(at, b);
    assert.equal(b.root.getProperty('name'), 'mine 4');
    await assertParks(at, { stateVectors: at.vectors(b), cursor, epoch });
    await assertParks(at, { cursor, epoch });

    const wait = { stateVectors: at.vectors(b), clientId: 'device-b', timeout: 20_000 };
    const lost = idsOf(at, await at.sync(wait));
    assert.equal(lost.length, 1);

    // The same vectors again: what was sent comes again, but not at once.
    const [again, took] = await timed(at.sync(wait));
    assert.deepEqual(idsOf(at, again), lost);
    assert.ok(took > 800 && took < 5_000, `it came again after ${took} ms`);

    // A newer operation ends the wait at once, alone.
    const woken = timed(at.sync(wait));
    a.root.setProperty('size', 3);
    await at.push(a);
    const [newer, latency] = await woken;
    assert.deepEqual(operationsOf(at, newer).map((one) => one.key), ['size']);
    assert.ok(latency < 800, `it came after ${latency} ms`);

    // Without a wait everything is answered, however often.
    for (let i = 0; i < 3; i++)
      assert.equal(idsOf(at, await at.sync({ stateVectors: wait.stateVectors, clientId: 'device-b', timeout: 0 })).length, 2);
  });
});

describe('what ends a wait', { concurrency: true }, () => {
  test('a wait beside a held-back operation parks, and is answered when the missing vertex arrives', async () => {
    const [at, a] = await plant('held-back');
    const vectors = { stateVectors: at.vectors(a) };
    const { head } = await put(at, [{ id: { counter: 900, peerId: 'late' }, targetId: 'missing', key: 'name', value: 'found', transient: false }]);
    const { epoch } = await at.sync(vectors);
    const cursor = { cursor: head, epoch };
    await Promise.all([vectors, { ...vectors, clientId: 'a' }, cursor, { ...vectors, ...cursor }].map((body) => assertParks(at, body)));

    const waits = [vectors, { ...vectors, clientId: 'a' }, cursor, { ...vectors, ...cursor }].map((body) => at.sync({ ...body, timeout: 20_000 }));
    await put(at, [{ id: { counter: 800, peerId: 'early' }, targetId: 'missing', parentId: at.treeId }]);
    for (const answer of await Promise.all(waits)) assert.deepEqual(idsOf(at, answer), ['800@early', '900@late']);
    await catchUp(at, a);
    assert.equal(a.getVertex('missing').getProperty('name'), 'found');
    await assertParks(at, { stateVectors: at.vectors(a) });
  });

  test('a new tree ends a wait, one that is there does not', async () => {
    const [at, a] = await plant('new-tree');
    const second = peer('second');
    await at.push(second, second.createRoot().id);
    const body = { stateVectors: at.vectors(a) };
    const idle = await assertParks(at, body);
    assert.deepEqual(idle.trees, [second.root.id]);

    const wait = at.sync({ ...body, timeout: 20_000 });
    second.root.setProperty('name', 'no concern of this wait');
    await at.push(second, second.root.id);
    const third = peer('third');
    await at.push(third, third.createRoot().id);
    const answer = await wait;
    assert.deepEqual(answer.operations, {});
    assert.deepEqual(answer.trees, [second.root.id, third.root.id].sort());
  });

});

describe('the limit of waits', () => {
  test('a client that goes away frees its wait', async () => {
    const [at, a] = await plant('gone');
    const body = { stateVectors: at.vectors(a) };
    const probe = () => server.call('POST', `/spaces/gone/sync`, { ...body, timeout: 1 });

    // Twice as many waits as one user may have, so those of the first round must be free in the second. That a round has entered shows in
    // the answer to one wait more. A wait that is refused, because those before it are not gone yet, tries again.
    for (let round = 0; round < 2; round++) {
      const leaving = new AbortController();
      const enter = async () => {
        while ((await server.call('POST', `/spaces/gone/sync`, { ...body, timeout: 50_000 }, leaving.signal)).status === 429);
      };
      const ends = Promise.allSettled(Array.from({ length: 256 }, enter));
      const refused = await until(async () => {
        const { status, answer } = await probe();
        return status === 429 && answer;
      }, 'the waits are all taken');
      assert.equal(refused.code, 'too_many_waits');
      assert.ok(refused.retryAfter > 0);
      leaving.abort();
      await ends;
      await until(async () => (await probe()).status === 200, 'the aborted waits are free again');
    }
    await assertParks(at, body);
  });
});
