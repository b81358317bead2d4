/**
 * A second entry, never shipped: scripts/build.mjs compiles it, reads the numbers it exports, and writes them down for
 * the host. So each number is typed once, in the core, and costs the shipped cores nothing.
 */
export * from "./api/constants";
export * from "./api/forms";
export * from "./api/futexConstants";
export * from "./api/lockConstants";
export * from "./api/mmConstants";
export * from "./api/pcmConstants";
export * from "./api/perfConstants";
export * from "./api/perfDesignConstants";
export * from "./api/remoteConstants";
export * from "./api/remoteSteps";
export * from "./api/umcgConstants";
export * from "./api/virtioConstants";
