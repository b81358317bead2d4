// What W4 takes on the machine's own processor and kernel. For each line "work n" on the input, n rounds of it; the
// answer is "ns result". The works: 1 attempts to add one to a word, each a compare-and-exchange that expects what the
// one before saw; 2 the same by two threads on one word; "p" two threads that hand a word over by futex. The
// time of two threads is the mean of their own, and the result of attempts is how many matched (in the first thread).
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2, ALONE = '1', TOGETHER = '2', PING_PONG = 'p' };

// a line of its own, so that nothing else goes to and fro with it
static _Alignas(128) unsigned word;
static _Alignas(128) unsigned ready;

struct thread {
  pthread_t id;
  unsigned index;
  char work;
  long n, result;
  long long ns;
};

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long attempts(long n) {
  unsigned expected = 0;
  long matched = 0;
  for (long i = 0; i < n; i++) {
    unsigned seen = expected;
    unsigned match = __atomic_compare_exchange_n(&word, &seen, expected + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    matched += match;
    expected = seen + match;
  }
  return matched;
}

static long ping_pong(unsigned mine, unsigned theirs, long n) {
  for (long i = 0; i < n; i++) {
    while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) != mine) {
      syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, theirs, NULL, NULL, 0);
    }
    __atomic_store_n(&word, theirs, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  }
  return n;
}

// Both begin at once, however late one of them was started.
static void *run(void *argument) {
  struct thread *self = argument;
  __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < THREADS);
  long long start = now();
  self->result = self->work == TOGETHER ? attempts(self->n) : ping_pong(self->index, 1 - self->index, self->n);
  self->ns = now() - start;
  return NULL;
}

static long long together(char work, long n, long *result) {
  struct thread threads[THREADS];
  ready = 0;
  for (unsigned i = 0; i < THREADS; i++) {
    threads[i] = (struct thread){.index = i, .work = work, .n = n};
    if (pthread_create(&threads[i].id, NULL, run, &threads[i]) != 0) exit(1);
  }
  long long ns = 0;
  for (unsigned i = 0; i < THREADS; i++) {
    pthread_join(threads[i].id, NULL);
    ns += threads[i].ns;
  }
  *result = threads[0].result;
  return ns / THREADS;
}

int main(void) {
  char work;
  long n;
  while (scanf(" %c %ld", &work, &n) == 2) {
    long result;
    long long ns;
    word = 0;
    if (work == ALONE) {
      long long start = now();
      result = attempts(n);
      ns = now() - start;
    } else {
      ns = together(work, n, &result);
    }
    printf("%lld %ld\n", ns, result);
    fflush(stdout);
  }
  return 0;
}
