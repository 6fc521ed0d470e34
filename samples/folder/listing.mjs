/**
 * One line for each entry, in the order of bytes: `path/` for a folder, else path, tab, size. The same as
 * `find . -mindepth 1 \( -type d -printf '%P/\n' \) -o -printf '%P\t%s\n' | LC_ALL=C sort`.
 */
export function listing(entries) {
  const lines = [];
  for (const { path, kind, size } of entries) lines.push(Buffer.from(kind === 'folder' ? `${path}/\n` : `${path}\t${size}\n`));
  return Buffer.concat(lines.sort(Buffer.compare)).toString();
}
