import { createAndAccess } from "../peers/js.ts";

createAndAccess();
