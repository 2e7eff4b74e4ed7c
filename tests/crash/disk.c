/* A disk that forgets in a power cut what was not flushed, preloaded into a process at the doors.

   At each fsync of a file named in LEDGER, or of its log, the file as it then was becomes
   `<file>.durable`; at the n-th write to standard output, `<file>.durable` also becomes
   `<file>.durable.<n>`: what a power cut would leave when that was said. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define FLUSH_TAKES 3000 /* microseconds */

static const char *suffixes[] = {"", "-wal"};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int begun, kept[2], said;

static void name(char *path, int which, const char *suffix, int number) {
  int length = snprintf(path, PATH_MAX, "%s%s.%s", getenv("LEDGER"), suffixes[which], suffix);
  if (number >= 0) snprintf(path + length, PATH_MAX - length, ".%d", number);
}

static int which_file(int fd) {
  char link[64], path[PATH_MAX] = "", *ledger = getenv("LEDGER");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (!ledger || readlink(link, path, sizeof path - 1) < 0) return -1;
  if (strncmp(path, ledger, strlen(ledger))) return -1;
  for (int which = 0; which < 2; which++)
    if (!strcmp(path + strlen(ledger), suffixes[which])) return which;
  return -1;
}

static void copy(const char *from, const char *to) {
  int in = open(from, O_RDONLY), out = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  while (sendfile(out, in, NULL, 1 << 30) > 0) {}
  close(in);
  close(out);
}

static int flush(int fd, const char *function) {
  int which = which_file(fd), number = 0;
  char source[64], copied[PATH_MAX], durable[PATH_MAX];
  if (which >= 0) {
    number = __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    name(copied, which, "flushing", number);
    copy(source, copied);
    usleep(FLUSH_TAKES);
  }
  int result = ((int (*)(int))dlsym(RTLD_NEXT, function))(fd);
  if (which >= 0) {
    name(durable, which, "durable", -1);
    pthread_mutex_lock(&lock);
    if (number > kept[which]) {
      kept[which] = number;
      rename(copied, durable);
    }
    pthread_mutex_unlock(&lock);
  }
  return result;
}

int fsync(int fd) { return flush(fd, "fsync"); }

int fdatasync(int fd) { return flush(fd, "fdatasync"); }

ssize_t write(int fd, const void *bytes, size_t length) {
  if (fd == STDOUT_FILENO && getenv("LEDGER")) {
    char durable[PATH_MAX], at_that_time[PATH_MAX];
    pthread_mutex_lock(&lock);
    for (int which = 0; which < 2; which++) {
      name(durable, which, "durable", -1);
      name(at_that_time, which, "durable", said);
      link(durable, at_that_time);
    }
    said++;
    pthread_mutex_unlock(&lock);
  }
  return ((ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(fd, bytes, length);
}
