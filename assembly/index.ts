export * from "./api/machine";
export * from "./api/tasks";
export * from "./api/locks";
export * from "./api/layout";
export * from "./api/inspect";
export * from "./api/uaccess";
export * from "./api/measure";
export * from "./api/measurePerf";
export * from "./api/measureRemote";
export * from "./api/measureVirtio";
export * from "./api/remote";
export * from "./api/perf";
export * from "./api/perfDesign";
export * from "./api/pcm";
export * from "./api/futex";
export * from "./api/futexAtomic";
export { futexRounds } from "./api/futexRounds";
export * from "./api/resume";
export * from "./api/syncPtr";
export * from "./api/structs";
export {
  measureUmcg,
  umcgCompareExchange,
  umcgControl,
  umcgExchange,
  umcgFixPagefault,
  umcgGetUser,
  umcgHook,
  umcgWait,
} from "./api/umcg";
export * from "./api/virtio";
