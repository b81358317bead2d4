export * from "./api/constants";
export * from "./api/machine";
export * from "./api/tasks";
export * from "./api/uaccess";
