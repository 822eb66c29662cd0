/* Preloaded into every process of a long run: the wall clock is ahead by as many seconds as stand
 * in the file MOVED_CLOCK_FILE (eight bytes, as the machine stores them), which may change at any
 * time. The monotonic clock stays.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t none = 0;

static volatile int64_t *ahead(void) {
    static volatile int64_t *mapped = NULL;
    if (mapped == NULL) {
        const char *path = getenv("MOVED_CLOCK_FILE");
        int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        void *found = MAP_FAILED;
        if (fd >= 0) {
            found = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
            close(fd);
        }
        mapped = found == MAP_FAILED ? &none : (volatile int64_t *)found;
    }
    return mapped;
}

#define REAL(name) \
    static __typeof__(&name) real = NULL; \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *ahead();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    REAL(gettimeofday);
    int result = real(now, zone);
    if (result == 0) now->tv_sec += *ahead();
    return result;
}

time_t time(time_t *out) {
    REAL(time);
    time_t now = real(NULL) + *ahead();
    if (out != NULL) *out = now;
    return now;
}
