/** Longer text is cut in a message, which is one line. */
const MOST_CHARACTERS = 60;

/** Any value as a message shows it: whatever was passed, saying so must not fail. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return shownText(value);
    case "bigint":
      return `${value}n`; // where a number is asked for, the n is what is wrong
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : shownObject(value);
    default:
      return String(value);
  }
}

function shownText(text: string): string {
  const cut = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return JSON.stringify(cut).replace(invisible, escaped);
}

/** What JSON leaves as it is, though a terminal would obey it or end the line: controls, formats, separators. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/** By its class alone: converting it could run code of its own, or fail. */
function shownObject(value: object): string {
  const name = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}`;
}
