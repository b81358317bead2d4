/** Stands for a good argument that is only good as a whole, so that the mistakes are not looked for inside it. */
export const GOOD_ONE = "the good one";

export function behind<Good>(given: unknown, good: Good): Good {
  return given === GOOD_ONE ? good : (given as Good);
}
