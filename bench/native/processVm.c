// What a read of another process's memory takes on the machine's own kernel: process_vm_readv of a
// child's resident memory. For each line "bytes n" on the input, n reads; the answer is "ns moved",
// where `moved` is the bytes of the last read. Ends with status 2 where the system allows no such read.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20, HALF_PAGE = 2048, SOURCE_BYTE = 7, NOT_ALLOWED = 2 };

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void *memory(size_t bytes) {
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) exit(1);
  return start;
}

// A child whose memory is its own and resident, until its parent is gone.
static pid_t start_child(char *source) {
  int ready[2];
  if (pipe(ready) != 0) exit(1);
  pid_t child = fork();
  if (child < 0) exit(1);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    memset(source, SOURCE_BYTE, MOST_BYTES);
    if (write(ready[1], "", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte;
  if (read(ready[0], &byte, 1) != 1) exit(1);
  return child;
}

int main(void) {
  char *source = memory(MOST_BYTES);
  // half a page off, or the loads and stores of a copy would share their low 12 bits
  char *target = (char *)memory(MOST_BYTES + 2 * HALF_PAGE) + HALF_PAGE;
  memset(target, 0, MOST_BYTES);
  pid_t child = start_child(source);
  size_t bytes;
  long n;
  while (scanf("%zu %ld", &bytes, &n) == 2 && bytes <= MOST_BYTES) {
    struct iovec local = {target, bytes}, remote = {source, bytes};
    ssize_t moved = 0;
    long long start = now();
    for (long i = 0; i < n; i++) moved = process_vm_readv(child, &local, 1, &remote, 1, 0);
    long long ns = now() - start;
    if (moved < 0 || memchr(target, SOURCE_BYTE, 1) == NULL) return NOT_ALLOWED;
    printf("%lld %zd\n", ns, moved);
    fflush(stdout);
  }
  return 0;
}
