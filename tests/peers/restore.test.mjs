// Yesterday's copy is restored under real RepTree peers that sync by vectors alone, and a restore that is killed at any moment.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RepTree } from 'reptree';
import { Server, syncline, synclineKilled } from './server.mjs';
import { digestOf, Random, seed } from './tools.mjs';

let folder;
const trees = [];

before(async () => { folder = await mkdtemp(join(tmpdir(), 'syncline-restore-')); });
after(async () => {
  trees.forEach((tree) => tree.state.dispose());
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function run(...args) {
  const { code, stderr } = await syncline(...args);
  assert.equal(code, 0, stderr);
}

function peer(id) {
  const tree = new RepTree(id);
  trees.push(tree);
  return tree;
}

const content = (tree) => [...tree.state.vertices.values()]
  .map((vertex) => ({
    id: vertex.id,
    parentId: vertex.parentId,
    properties: vertex.getAllProperties(false).map(({ key, value }) => [key, value]).sort(([x], [y]) => (x < y ? -1 : 1)),
  }))
  .sort((x, y) => (x.id < y.id ? -1 : 1));

test('RepTree peers by vectors alone bring today back, also what they only received', async () => {
  const server = await Server.start();
  try {
    const space = 'garden';
    await server.ok('POST', '/spaces', { id: space, name: 'Garden' });
    const [ann, bob, gone, reader] = ['ann', 'bob', 'gone', 'reader'].map(peer);
    const treeId = ann.createRoot().id;
    const put = async (operations) => {
      if (operations.length === 0) return;
      const answer = await server.ok('PUT', `/spaces/${space}/operations`, { treeId, operations: operations.map((operation) => ({ operation })) });
      assert.deepEqual(answer.rejected, []);
    };
    // As a peer without a cursor does it: what it lacks comes, what the server lacks goes.
    const sync = async (tree) => {
      const answer = await server.ok('POST', `/spaces/${space}/sync`, { stateVectors: { [treeId]: tree.getStateVector() ?? {} }, vectors: true });
      assert.equal(answer.hasMore, false);
      tree.merge((answer.operations[treeId] ?? []).map((one) => one.operation));
      tree.popLocalOps();
      await put(tree.getMissingOps(answer.stateVectors[treeId] ?? {}));
    };
    const edit = (tree, name) => {
      const vertex = tree.newNamedVertex(treeId, name);
      tree.setVertexProperty(vertex.id, 'by', tree.peerId);
      tree.setVertexProperty(treeId, 'latest', name);
      return vertex;
    };

    for (const tree of [ann, bob, gone, reader, ann]) await sync(tree);
    edit(ann, 'yesterday by ann');
    const kept = edit(bob, 'yesterday by bob');
    for (const tree of [ann, bob, gone, reader, ann]) await sync(tree);
    await run('backup', '--data', server.data, '--to', join(folder, 'yesterday'));
    const yesterday = await server.log(space);

    const today = edit(gone, 'today by one who is gone');
    await sync(gone);
    for (const tree of [ann, bob]) {
      await sync(tree);
      tree.moveVertex(kept.id, edit(tree, `today by ${tree.peerId}`).id);
      tree.setVertexProperty(today.id, 'seen', tree.peerId);
      await sync(tree);
    }
    for (const tree of [ann, bob, reader]) await sync(tree);
    const expected = content(reader);
    assert.deepEqual(content(ann), expected);
    const before = await server.log(space);
    const stored = new Set(before.operations.map(({ actor, clock }) => `${clock}@${actor}`));

    await server.kill();
    await run('restore', '--from', join(folder, 'yesterday'), '--data', server.data);
    await server.restart();
    const restored = await server.log(space);
    assert.deepEqual(restored.operations.map((one) => one.clock), yesterday.operations.map((one) => one.clock));
    assert.notEqual(restored.epoch, yesterday.epoch);

    // A waiting peer with yesterday's cursor goes on; one with today's is told to start anew.
    const onward = await server.call('POST', `/spaces/${space}/sync`, { cursor: yesterday.head, epoch: yesterday.epoch });
    assert.deepEqual([onward.status, onward.answer.epoch], [200, restored.epoch]);
    const refused = await server.call('POST', `/spaces/${space}/sync`, { cursor: before.head, epoch: before.epoch });
    assert.deepEqual(
      [refused.status, refused.answer.code, refused.answer.previous],
      [410, 'resync_required', { epoch: yesterday.epoch, sharedUpTo: yesterday.head }]);

    for (let round = 0; round < 2; round++) {
      for (const tree of [bob, ann, reader]) await sync(tree);
    }
    for (const tree of [ann, bob, reader]) assert.deepEqual(content(tree), expected, tree.peerId);
    const late = peer('late');
    await sync(late);
    assert.deepEqual(content(late).map(({ id, parentId }) => ({ id, parentId })), expected.map(({ id, parentId }) => ({ id, parentId })));
    const log = await server.log(space);
    const ids = log.operations.filter((one) => one.actor !== 'late').map(({ actor, clock }) => `${clock}@${actor}`);
    assert.equal(new Set(ids).size, ids.length, 'an identity stands in the log twice');
    assert.equal(log.digest, digestOf(log.operations));
    // Writes that had lost are kept by no peer and decide nothing; all else is back.
    const back = new Set(ids);
    const lost = before.operations.filter(({ actor, clock }) => !back.has(`${clock}@${actor}`));
    for (const { payload } of lost) assert.ok('key' in payload, JSON.stringify(payload));
    for (const id of ids) assert.ok(stored.has(id), `${id} is new`);
  } finally {
    await server.stop();
  }
});

test(`a restore that is killed leaves all of the old data or all of the new, and can be run again (seed ${seed})`, async (t) => {
  const random = new Random(seed);
  const spaces = Array.from({ length: 24 }, (_, i) => `${'abcdef'[i % 6]}${i}`);
  const server = await Server.start();
  try {
    let clock = 0;
    const push = () => {
      clock++;
      return Promise.all(spaces.map((space) => server.ok('POST', `/spaces/${space}/push`, {
        operations: [{ scope: 'note', resourceId: 'n', actor: 'a', clock, payload: { text: 'x'.repeat(2000) } }],
      })));
    };
    const stand = async () => Promise.all(spaces.map(async (space) => {
      const { epoch, head } = await server.ok('GET', `/spaces/${space}`);
      return { epoch, head };
    }));
    for (const id of spaces) await server.ok('POST', '/spaces', { id, name: id });
    await push();
    const from = join(folder, 'copy');
    await run('backup', '--data', server.data, '--to', from);
    await push();
    await server.kill();
    const began = performance.now();
    await run('restore', '--from', from, '--data', join(folder, 'elsewhere'));
    const took = performance.now() - began;

    const outcomes = { killed: 0, old: 0, new: 0 };
    for (let i = 0; i < 6; i++) {
      await server.restart();
      await push();
      const old = await stand();
      await server.kill();
      const { signal } = await synclineKilled(took * (0.35 + 0.6 * random.next()), 'restore', '--from', from, '--data', server.data);
      if (signal === 'SIGKILL') outcomes.killed++;
      await server.restart();
      const now = await stand();
      const isNew = now[0].epoch !== old[0].epoch;
      outcomes[isNew ? 'new' : 'old']++;
      if (!isNew) {
        assert.deepEqual(now, old);
      } else {
        assert.ok(now.every(({ head }) => head === 1), JSON.stringify(now));
        now.forEach(({ epoch }, n) => assert.notEqual(epoch, old[n].epoch));
      }
      assert.ok(!(await readdir(server.data)).includes('restoring'));
      await server.kill();
    }

    await run('restore', '--from', from, '--data', server.data, '--discard');
    await server.restart();
    assert.ok((await stand()).every(({ head }) => head === 1));
    t.diagnostic(JSON.stringify(outcomes));
  } finally {
    await server.stop();
  }
});
