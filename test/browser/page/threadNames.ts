/** Where the site keeps the scripts of threads. */
export const driverPath = "/threadDriver.js";
export const threadPath = "/thread.js";
