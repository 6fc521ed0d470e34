// Publishes a folder as a tree and keeps the tree in step with it. The folder is the truth: each round compares it with the tree as it
// stands and makes the edits that are missing. So nothing has to be remembered for it to go on after a break, except which file became
// which vertex, to recognise what was moved meanwhile; that is the state file.
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readFolder } from './disk.mjs';
import { listing } from './listing.mjs';
import { readOptions, run, teller } from './options.mjs';
import { giveWay, Replica } from './replica.mjs';
import { Space, UserError } from './space.mjs';

const { positionals, print, once, every, state: stateOption, ...options } = readOptions(
  'node publish.mjs <folder> [--server URL] [--space ID] [--token TOKEN] [--state FILE] [--every MS] [--once] [--print]',
  {
    state: { type: 'string' },
    every: { type: 'string', default: '1000' },
    once: { type: 'boolean' },
    print: { type: 'boolean' },
  });
const folder = resolve(positionals[0] ?? '.');
const stateFile = resolve(stateOption ?? `${folder}.syncline.json`);
const space = new Space({ ...options, onTrouble: teller() });
const createdBeforePause = 100;

/** Which file became which vertex: vertex id → device, inode and birth. */
let inodes = new Map();

/** What the last look at the folder did not find. It is deleted when the next one does not either: a look may miss what is just being moved. */
let missing = new Set();
let treeId;

function readState() {
  let saved;
  try {
    saved = JSON.parse(readFileSync(stateFile, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw new UserError(`${stateFile} cannot be read: ${error.message}`);
  }
  if (saved.server !== options.server || saved.space !== options.space) return;
  treeId = saved.treeId;
  inodes = new Map(Object.entries(saved.inodes));
}

async function writeState() {
  const text = JSON.stringify({ server: options.server, space: options.space, treeId, inodes: Object.fromEntries(inodes) });
  await writeFile(`${stateFile}.new`, text);
  await rename(`${stateFile}.new`, stateFile);
}

async function open() {
  const replica = await Replica.open(space, choose, true);
  treeId = replica.treeId;
  return replica;
}

// The tree of the last run; without its state, one whose root has the folder's name.
function choose(trees) {
  if (treeId !== undefined && trees.has(treeId)) return treeId;
  for (const [id, operations] of trees) {
    const names = operations.filter((operation) => operation.targetId === id && operation.key === 'name');
    if (names.at(-1)?.value === basename(folder)) return id;
  }
  return undefined;
}

/**
 * Makes the tree the same as the folder. Top down: when a vertex is moved, all above its new place already stand where they belong, so no
 * move makes a cycle. What is left over goes last, after everything that was moved out of it.
 */
async function bringInStep(replica, entries) {
  const { tree } = replica;
  const vertices = [...replica.vertices()];
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const byPlace = new Map(vertices.map((vertex) => [place(vertex.parentId, vertex.name), vertex]));
  const byInode = new Map(vertices.filter(({ id }) => inodes.has(id)).map((vertex) => [inodes.get(vertex.id), vertex]));
  const present = new Set(entries.map((entry) => entry.inode));
  const claimed = new Map([[replica.treeId, { inode: undefined }]]); // Vertex id → what it stands for.
  const idOf = new Map([['', replica.treeId]]);
  const set = (id, before, wanted) => {
    for (const [key, value] of Object.entries(wanted))
      if (before[key] !== value) tree.setVertexProperty(id, key, value);
  };

  const root = { name: tree.getVertexProperty(replica.treeId, 'name'), kind: tree.getVertexProperty(replica.treeId, 'kind') };
  set(replica.treeId, root, { name: basename(folder), kind: 'folder' });
  let created = 0;
  for (const entry of entries) {
    const { path, name, kind, size, modified, inode } = entry;
    const parentId = idOf.get(entry.parent);
    const free = (vertex) => vertex && vertex.kind === kind && !claimed.has(vertex.id) ? vertex : undefined;
    const here = free(byPlace.get(place(parentId, name)));
    const known = here && inodes.get(here.id);
    // The same file in its place; the same file from another place; another file in its place, as programs save that write a new one.
    const vertex = here && (known === undefined || known === inode) ? here
      : free(byInode.get(inode)) ?? (here && !present.has(known) ? here : undefined);
    let id = vertex?.id;
    if (!vertex) {
      id = tree.newVertex(parentId).id;
      if (++created % createdBeforePause === 0) await giveWay();
    } else if (vertex.parentId !== parentId) {
      tree.moveVertex(id, parentId);
    }
    set(id, vertex ?? {}, { name, kind, size, modified });
    claimed.set(id, entry);
    idOf.set(path, id);
  }

  // What stands below a vertex that is deleted goes with it.
  const before = inodes;
  const left = vertices.map(({ id }) => id).filter((id) => !claimed.has(id));
  const deleted = new Set(left.filter((id) => missing.has(id) && claimed.has(tree.getVertex(id).parentId)));
  for (const id of deleted) tree.deleteVertex(id);
  missing = new Set(left.filter((id) => !deleted.has(id)));

  claimed.delete(replica.treeId);
  inodes = new Map([...claimed].map(([id, entry]) => [id, entry.inode]));
  for (const id of missing)
    if (before.has(id)) inodes.set(id, before.get(id));
  return inodes.size !== before.size || [...inodes].some(([id, inode]) => before.get(id) !== inode);
}

const place = (parentId, name) => `${parentId}/${name}`;

await run(async () => {
  if (print) {
    const text = listing(await readFolder(folder, stateFile));
    return new Promise((done) => process.stdout.write(text, done));
  }
  process.on('SIGINT', () => process.exit(0)).on('SIGTERM', () => process.exit(0));
  readState();
  await space.create(basename(folder));
  let replica = await open();
  console.log(`${folder} is published as tree ${treeId} of space ${options.space}`);
  while (true) {
    try {
      await replica.follow(0);
      const entries = await readFolder(folder, stateFile);
      const began = performance.now();
      // Saved before the push: a vertex that the server never gets is harmless, a file that is moved before it is known is not.
      if (await bringInStep(replica, entries)) await writeState();
      const pushed = await replica.push();
      if (pushed > 0) console.log(`in step: ${entries.length} entries, ${pushed} operations in ${Math.round(performance.now() - began)} ms`);
    } catch (error) {
      // The log was replaced, by a restore for instance. The folder is still the truth.
      if (error.code !== 'resync_required') throw error;
      replica = await open();
      continue;
    }
    if (once && missing.size === 0) return;
    await delay(once ? 0 : Number(every));
  }
});
