// The options that both programs have.
import { parseArgs } from 'node:util';
import { UserError } from './space.mjs';

export function readOptions(usage, more = {}) {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        server: { type: 'string', default: 'http://127.0.0.1:5080' },
        space: { type: 'string', default: 'folder' },
        token: { type: 'string', default: process.env.SYNCLINE_TOKEN },
        help: { type: 'boolean', short: 'h' },
        ...more,
      },
    });
    if (!values.help) return { ...values, positionals };
  } catch (error) {
    console.error(error.message);
  }
  console.error(`Usage: ${usage}`);
  process.exit(2);
}

/** Says what is wrong in a line, once as long as it stays the same. */
export function teller() {
  let last;
  return (trouble) => {
    if (trouble !== last) console.error(`waiting: ${trouble}`);
    last = trouble;
  };
}

/** Runs a program; RepTree's timer would keep it from ending. */
export async function run(main) {
  try {
    await main();
    process.exit(0);
  } catch (error) {
    console.error(error instanceof UserError ? error.message : error);
    process.exit(1);
  }
}
