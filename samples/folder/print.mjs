// Receives the tree of a published folder and prints it; with --follow again after each change, with an empty line between.
import { listing } from './listing.mjs';
import { readOptions, run, teller } from './options.mjs';
import { Replica } from './replica.mjs';
import { Space, UserError } from './space.mjs';

const waited = 25_000;
const quiet = 200;
const { follow, tree, ...options } = readOptions(
  'node print.mjs [--server URL] [--space ID] [--token TOKEN] [--tree ID] [--follow]',
  { follow: { type: 'boolean' }, tree: { type: 'string' } });
const space = new Space({ ...options, onTrouble: teller() });

const write = (text) => new Promise((done) => process.stdout.write(text, done));

function choose(trees) {
  if (tree !== undefined) return trees.has(tree) ? tree : undefined;
  if (trees.size > 1) throw new UserError(`the space has ${trees.size} trees; say which with --tree: ${[...trees.keys()].join(' ')}`);
  return [...trees.keys()][0];
}

async function open() {
  while (true) {
    const replica = await Replica.open(space, choose);
    if (replica) return replica;
    if (!follow) throw new UserError('the space has no such tree yet');
    await space.sync({ stateVectors: {}, timeout: waited }); // Ends when a tree begins.
  }
}

await run(async () => {
  let replica = await open();
  await write(listing(replica.vertices()));
  while (follow) {
    try {
      if (!await replica.follow(waited)) continue;
      while (await replica.follow(quiet)); // More of the same change.
    } catch (error) {
      // The log was replaced, by a restore for instance: what is held here may not be in it.
      if (error.code !== 'resync_required') throw error;
      replica = await open();
    }
    await write(`\n${listing(replica.vertices())}`);
  }
});
