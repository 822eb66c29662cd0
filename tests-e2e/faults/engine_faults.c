/* Preloaded into an engine or a service of the fault suite. Everything is off until a file appears
 * in the folder FAULT_FLAGS:
 *
 *   fsync-fails    fsync and fdatasync of Postgres's log give EIO
 *   disk-is-full   writes that would need room on the disk give ENOSPC
 *
 * FAULT_CLOCK_SHIFT_S, read once, moves CLOCK_REALTIME; the monotonic clock stays.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int is_set(const char *flag) {
    static const char *folder = NULL;
    static int looked = 0;
    char path[1024];
    int before = errno, found;
    if (!looked) {
        folder = getenv("FAULT_FLAGS");
        looked = 1;
    }
    if (folder == NULL)
        return 0;
    snprintf(path, sizeof path, "%s/%s", folder, flag);
    found = access(path, F_OK) == 0;
    errno = before;
    return found;
}

/* Of tables, indexes and the write-ahead log; not of the server's messages, pipes or sockets. */
static int is_in(int fd, const char *part) {
    char link[64], path[1024];
    ssize_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return strstr(path, part) != NULL;
}

static int no_room(int fd) {
    return is_set("disk-is-full") && (is_in(fd, "/base/") || is_in(fd, "/pg_wal/"));
}

static int no_sync(int fd) { return is_set("fsync-fails") && is_in(fd, "/pg_wal/"); }

#define REAL(name) \
    static __typeof__(&name) real = NULL; \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int fsync(int fd) {
    REAL(fsync);
    if (no_sync(fd)) { errno = EIO; return -1; }
    return real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    if (no_sync(fd)) { errno = EIO; return -1; }
    return real(fd);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite);
    if (no_room(fd)) { errno = ENOSPC; return -1; }
    return real(fd, data, size, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    REAL(pwritev);
    if (no_room(fd)) { errno = ENOSPC; return -1; }
    return real(fd, parts, count, at);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (no_room(fd)) { errno = ENOSPC; return -1; }
    return real(fd, data, size);
}

int posix_fallocate(int fd, off_t from, off_t size) {
    REAL(posix_fallocate);
    if (no_room(fd)) return ENOSPC;
    return real(fd, from, size);
}

static long shift_s(void) {
    static long shift = 0;
    static int looked = 0;
    if (!looked) {
        const char *text = getenv("FAULT_CLOCK_SHIFT_S");
        shift = text == NULL ? 0 : atol(text);
        looked = 1;
    }
    return shift;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift_s();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    REAL(gettimeofday);
    int result = real(now, zone);
    if (result == 0) now->tv_sec += shift_s();
    return result;
}

time_t time(time_t *out) {
    REAL(time);
    time_t now = real(NULL) + shift_s();
    if (out != NULL) *out = now;
    return now;
}
