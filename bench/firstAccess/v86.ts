import { Emulator } from "../peers/v86/emulator.ts";

const emulator = await Emulator.boot();
await emulator.close();
