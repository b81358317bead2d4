export * from "./api/machine";
export * from "./api/tasks";
export * from "./api/uaccess";
export * from "./api/measure";
export * from "./api/pcm";
export * from "./api/resume";
export * from "./api/syncPtr";
export * from "./api/structs";
