// Unpacks the Chromium of @sparticuz/chromium, and the libraries that come with it, into the folder in TMPDIR. A process
// of its own, because the package goes by the environment: it unpacks to TMPDIR, takes whatever it finds there for whole,
// and unpacks the libraries only where AWS_EXECUTION_ENV names a system that lacks them.
import chromium from "@sparticuz/chromium";

await chromium.executablePath();
