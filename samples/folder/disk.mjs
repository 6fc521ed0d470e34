// What is in a folder now.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const readAtOnce = 64;
const triesMax = 5;

/**
 * Everything in a folder, parents before children. What vanishes while it is read is left out. Links are not followed.
 * @returns {{path, parent, name, kind, size, modified, inode, isSingle}[]} `parent` is the path of the parent, '' for the folder itself; `inode` names
 * the file wherever it is moved on the same device (with its time of birth, 0 where the file system has none, since file systems give the
 * inode of a deleted file to the next new one), and `isSingle` says that it has one place only; `size` is undefined for folders.
 */
export async function readFolder(folder, ignored) {
  // What is moved while it is read may be seen in both places; then it is read again.
  for (let tries = 1; ; tries++) {
    const entries = [];
    await readInto(entries, folder, '', ignored);
    const single = entries.filter((entry) => entry.isSingle);
    if (new Set(single.map((entry) => entry.inode)).size === single.length || tries === triesMax) return entries;
  }
}

async function readInto(entries, folder, parent, ignored) {
  const names = await orNothing(readdir(join(folder, parent))) ?? [];
  for (let i = 0; i < names.length; i += readAtOnce) {
    const read = await Promise.all(names.slice(i, i + readAtOnce).map(async (name) => {
      const path = parent === '' ? name : `${parent}/${name}`;
      const full = join(folder, path);
      const stat = full === ignored ? undefined : await orNothing(lstat(full, { bigint: true }));
      return stat && {
        path,
        parent,
        name,
        kind: stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'link' : 'other',
        size: stat.isDirectory() ? undefined : Number(stat.size),
        modified: stat.mtime.toISOString(),
        inode: `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`,
        isSingle: stat.isDirectory() || stat.nlink === 1n,
      };
    }));
    for (const entry of read) {
      if (!entry) continue;
      entries.push(entry);
      if (entry.kind === 'folder') await readInto(entries, folder, entry.path, ignored);
    }
  }
}

async function orNothing(promise) {
  try {
    return await promise;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) return undefined;
    throw error;
  }
}
