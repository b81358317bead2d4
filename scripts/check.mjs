// Runs every check of `npm run check`, as many at a time as there are cores: each says what it has to say when it ends.
//
// The longest come first, so that the short ones fill what is left.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";

const waiting = ["format:check", "types", "lint", "check:package", "knip"];

async function check(name) {
  const child = spawn("npm", ["run", name], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (said += text));
  }
  const [status] = await once(child, "close");
  process.stdout.write(said);
  if (status === 0) return;
  process.stderr.write(`npm run ${name} failed\n`);
  process.exitCode = 1;
}

async function checkOneByOne() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await check(name);
}

await Promise.all(Array.from({ length: availableParallelism() }, checkOneByOne));
