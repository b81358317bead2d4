/** The programs of churn.ts, which nobody but a thread can import. */
export const churnPrograms = ["churn", "unmap", "leave"] as const;
