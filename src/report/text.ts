/** Small pieces of text that several reports need. */

/** Columns of a report's running text; tables may be wider. */
const LINE = 118;

/** Breaks a text into lines at its blanks. */
export function wrap(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > LINE) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

/** "8–11, 36" for sorted numbers; "none" for no number. */
export function ranges(numbers: readonly number[]): string {
  if (numbers.length === 0) return "none";
  const parts: string[] = [];
  let start = numbers[0]!;
  numbers.forEach((number, index) => {
    const next = numbers[index + 1];
    if (next === number + 1) return;
    parts.push(start === number ? `${start}` : `${start}–${number}`);
    start = next ?? number;
  });
  return parts.join(", ");
}

/** "1 period", "4 periods". */
export function counted(number: number, one: string): string {
  return number === 1 ? `1 ${one}` : `${number} ${one}s`;
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

export function hexOrNone(value: number | null): string | null {
  return value === null ? null : hex(value);
}

/** A figure without its fraction; null, where there is none, stays so. */
export function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
