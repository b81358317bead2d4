/** Operations by their names: what is done for each. */

interface Named {
  readonly op: string;
}

/** The operation of one name among several. */
export type OperationOf<Operation extends Named, Op extends string> = Operation extends unknown
  ? Op extends Operation["op"]
    ? Operation
    : never
  : never;

/** What is done for each operation of a group, in the world of a case. */
export type Handlers<World, Operation extends Named, Answer> = {
  readonly [Op in Operation["op"]]: (world: World, operation: OperationOf<Operation, Op>) => Answer;
};

/** Does an operation. */
export function perform<World, Operation extends Named, Answer>(
  handlers: Handlers<World, Operation, Answer>,
  world: World,
  operation: Operation,
): Answer {
  const name: Operation["op"] = operation.op;
  const handle = handlers[name] as (world: World, operation: Operation) => Answer;
  return handle(world, operation);
}
