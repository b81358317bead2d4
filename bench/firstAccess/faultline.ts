import { createAndAccess } from "../peers/faultlineBed.ts";

await createAndAccess();
