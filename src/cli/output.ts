/** Where the command writes: data to stdout, everything else to stderr. */

export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

export function printJson(value: object): void {
  print(
    JSON.stringify(
      value,
      (_key, entry: unknown) => (typeof entry === "bigint" ? `0x${entry.toString(16)}` : entry),
      2,
    ),
  );
}

export function note(text: string): void {
  process.stderr.write(`faultline: ${text}\n`);
}

/** A line of progress that the next one overwrites; nothing where stderr is no terminal. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
