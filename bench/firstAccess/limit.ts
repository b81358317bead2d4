// Nothing: what is left is Node.
export {};
