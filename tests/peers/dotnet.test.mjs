// A real RepTree client and a .NET client edit one tree: whatever each does meanwhile, both end with the same.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RepTree } from 'reptree';
import { Server, program } from './server.mjs';
import { Random, seed, until } from './tools.mjs';

let server;
let folder;

before(async () => {
  server = await Server.start();
  folder = await mkdtemp(join(tmpdir(), 'syncline-dotnet-'));
  await server.ok('POST', '/spaces', { id: 'plans', name: 'Plans' });
});
after(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A command of the .NET client; its output. */
function dotnet(store, ...args) {
  const child = spawn('dotnet', [program, ...args, '--server', server.url, '--store', join(folder, `${store}.db`)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { output += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });
  const ended = new Promise((done, fail) => child.once('close', (code) => (code === 0 ? done(output) : fail(new Error(`${args.join(' ')}: ${code}: ${errors}`)))));
  return Object.assign(ended, { child, seen: () => output });
}

const shape = (tree, id = tree.root.id) => {
  const vertex = tree.getVertex(id);
  const text = ({ name, color }) => `${name}${color === undefined ? '' : ` ${color}`}`;
  return [text({ name: vertex.name, color: vertex.getProperty('color') }), vertex.children.map((child) => shape(tree, child.id))];
};

/** What `tree show` prints, in the same shape. */
function shapeOf(output) {
  const top = [];
  const open = [top];
  for (const line of output.trimEnd().split('\n')) {
    const [, indent, name, color] = /^( *)(.*?) {2}\[[^\]]*\](?: {2}\{color: "(.*)"\})?$/.exec(line);
    const vertex = [`${name}${color === undefined ? '' : ` ${color}`}`, []];
    open.length = indent.length / 2 + 1;
    open.at(-1).push(vertex);
    open.push(vertex[1]);
  }
  return top[0];
}

test('a RepTree client and a .NET client edit one tree', async () => {
  const random = new Random(seed);
  const tree = new RepTree('js');
  tree.createRoot().name = 'Outline';
  const treeId = tree.root.id;
  const push = () => server.ok('PUT', '/spaces/plans/operations', { treeId, operations: tree.popLocalOps().map((operation) => ({ operation })) });
  const pull = async () => {
    for (let more = true; more;) {
      const answer = await server.ok('POST', '/spaces/plans/sync', { stateVectors: { [treeId]: tree.getStateVector() } });
      tree.merge((answer.operations[treeId] ?? []).map((one) => one.operation));
      more = answer.hasMore;
    }
  };
  for (const name of ['one', 'two', 'three']) tree.newNamedVertex(treeId, name);
  await push();

  const follower = dotnet('follower', 'tree', 'show', 'plans', '--follow');
  let failure;
  follower.catch((error) => { failure = error; });
  try {
    await until(() => {
      if (failure) throw failure;
      return follower.seen().includes('three');
    }, 'the follower shows the tree');
    for (let round = 0; round < 6; round++) {
      // Both at once, each without the other's.
      const [a, b] = [random.pick(['one', 'two', 'three']), random.pick(['one', 'two', 'three'])];
      const editing = (async () => {
        await dotnet('laptop', 'tree', 'add', 'plans', `dotnet ${round}`, '--under', a);
        await dotnet('laptop', 'tree', 'set', 'plans', b, 'color', `dotnet ${round}`);
        if (a !== b) await dotnet('laptop', 'tree', 'move', 'plans', `${a}/dotnet ${round}`, b);
      })();
      const byName = (name) => tree.root.children.find((child) => child.name === name);
      tree.newNamedVertex(byName(b).id, `js ${round}`);
      byName(a).setProperty('color', `js ${round}`);
      await push();
      await editing;
      await pull();
      await push();
    }

    const expected = shape(tree);
    assert.equal(JSON.stringify(expected).match(/dotnet \d"/g).length, 6 + (JSON.stringify(expected).match(/(one|two|three) dotnet \d"/g) ?? []).length);
    assert.deepEqual(shapeOf(await dotnet('laptop', 'tree', 'show', 'plans')), expected, `seed ${seed}`);
    assert.deepEqual(shapeOf(await dotnet('fresh', 'tree', 'show', 'plans')), expected, `seed ${seed}`);
    await until(() => {
      try {
        assert.deepEqual(shapeOf(follower.seen().trimEnd().split('\n\n').at(-1)), expected);
        return true;
      } catch {
        return false;
      }
    }, 'the follower shows the same');
  } finally {
    tree.state.dispose();
    follower.child.kill('SIGINT');
  }

  assert.equal(await follower.then(() => 0), 0);
});
