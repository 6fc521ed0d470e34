// A RepTree replica of one tree, kept in step by cursor. RepTree is used as it is published; two habits keep it fast with tens of thousands
// of vertices. Operations are merged sorted by id, since a move older than the last one makes it undo and redo everything between. And long
// work gives way now and then, since it collects an event with a list of all siblings for each child, until its timer empties them.
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { compareOpId, isMoveVertexOp, RepTree } from 'reptree';
import { ServerError } from './space.mjs';

const mergedAtOnce = 200;

export class Replica {
  #space;
  #cursor;
  #epoch;

  /**
   * Reads a tree from the server.
   * @param choose Gets a map of tree id to operations and says which tree is meant; undefined for none.
   * @param create Whether to make a tree when none is chosen; it is not yet pushed.
   * @returns The replica, or undefined when there is none.
   */
  static async open(space, choose, create = false) {
    const replica = new Replica();
    replica.#space = space;
    replica.#cursor = 0;
    const trees = new Map();
    for (let more = true; more;) {
      const answer = await replica.#read(0);
      for (const [treeId, operations] of Object.entries(answer.operations)) {
        if (!trees.has(treeId)) trees.set(treeId, []);
        trees.get(treeId).push(...operations.map((one) => one.operation));
      }
      more = answer.hasMore;
    }
    for (const operations of trees.values()) operations.sort(byId);
    replica.treeId = choose(trees);
    if (replica.treeId === undefined && !create) return undefined;
    if (replica.treeId === undefined) {
      replica.tree = new RepTree(newPeerId());
      replica.treeId = replica.tree.createRoot().id;
      return replica;
    }

    // RepTree wants the root among the first operations it is given, and then makes no trash of its own.
    const operations = trees.get(replica.treeId);
    const rootEnd = operations.findIndex((operation) => isMoveVertexOp(operation) && operation.targetId === replica.treeId) + 1;
    replica.tree = new RepTree(newPeerId(), operations.slice(0, rootEnd));
    await replica.#merge(operations.slice(rootEnd));
    return replica;
  }

  /**
   * Merges what came after the last time.
   * @param timeout Milliseconds to wait when there is nothing.
   * @returns Whether anything came.
   */
  async follow(timeout) {
    let any = false;
    for (let more = true; more;) {
      const answer = await this.#read(any ? 0 : timeout);
      const operations = (answer.operations[this.treeId] ?? []).map((one) => one.operation);
      await this.#merge(operations);
      any ||= operations.length > 0;
      more = answer.hasMore;
    }
    return any;
  }

  /** Pushes the edits made since the last time. */
  async push() {
    const operations = this.tree.popLocalOps();
    await this.#space.push(this.treeId, operations);
    return operations.length;
  }

  /** The vertices that are not in the trash, parents before children, without the root. */
  * vertices(parent = { id: this.treeId, path: '' }) {
    for (const id of this.tree.getChildrenIds(parent.id)) {
      const property = (key) => this.tree.getVertexProperty(id, key);
      const name = property('name') ?? id;
      const vertex = {
        id,
        parentId: parent.id,
        name,
        path: parent.path === '' ? name : `${parent.path}/${name}`,
        kind: property('kind'),
        size: property('size'),
        modified: property('modified'),
      };
      yield vertex;
      yield* this.vertices(vertex);
    }
  }

  // By cursor. The vector of the own peer alone keeps the own operations from coming back: the others' may have thousands of holes, one for
  // each overwritten property.
  async #read(timeout) {
    const own = this.tree?.getStateVector()[this.tree.peerId];
    const answer = await this.#space.sync({
      cursor: this.#cursor,
      epoch: this.#epoch,
      timeout,
      ...(own && { stateVectors: { [this.treeId]: { [this.tree.peerId]: own } } }),
    });

    // Another epoch: the log was replaced, by a restore for instance. A cursor that both logs share would go on, but what was pushed since
    // may be lost, so that the tree is read anew all the same.
    if (this.#epoch !== undefined && answer.epoch !== this.#epoch) throw new ServerError('resync_required', 'the log was replaced');
    this.#cursor = answer.cursor;
    this.#epoch = answer.epoch;
    return answer;
  }

  async #merge(operations) {
    operations.sort(byId);
    for (let i = 0; i < operations.length; i += mergedAtOnce) {
      this.tree.merge(operations.slice(i, i + mergedAtOnce));
      await turn();
    }
  }
}

/** Lets RepTree's timer run. */
export { turn as giveWay };

// A peer id is never used again, not even by the next run: what a run that was broken off had numbered is not known any more.
const newPeerId = () => `folder-${randomUUID()}`;

const byId = (x, y) => compareOpId(x.id, y.id);
