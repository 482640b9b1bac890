/* Loaded before libc into the process of a drill. It writes down what happens to the files of one
   folder, in order, and lets calls fail on demand.

   DRILL_FOLDER  the folder
   DRILL_TRACE   the file to write to: for each call a byte (W write, T truncate, S sync, U unlink,
                 A a line to standard output), then path length, path, offset, length and the
                 bytes written; numbers are 64 bits in the machine's order
   DRILL_FAULT   while this file exists, calls fail: it holds "write" or "sync", the number of the
                 error and the end of the path of the files concerned, with spaces between */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REAL(name, type) static type real; if (!real) real = (type)dlsym(RTLD_NEXT, name)

typedef ssize_t (*write_call)(int, const void *, size_t);
typedef ssize_t (*pwrite_call)(int, const void *, size_t, off_t);
typedef int (*sync_call)(int);
typedef int (*truncate_call)(int, off_t);
typedef int (*unlink_call)(const char *);

static ssize_t really_write(int fd, const void *bytes, size_t count) {
    REAL("write", write_call);
    return real(fd, bytes, count);
}

static int is_ours(const char *path) {
    const char *folder = getenv("DRILL_FOLDER");
    return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

static void trace(char kind, const char *path, uint64_t offset, const void *bytes, uint64_t count) {
    static int out = -1;
    const char *name = getenv("DRILL_TRACE");
    if (!name) return;
    if (out < 0) out = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    uint64_t length = strlen(path);
    size_t size = 1 + 3 * sizeof(uint64_t) + length + (bytes ? count : 0);
    char *whole = malloc(size), *at = whole;
    *at++ = kind;
    memcpy(at, &length, 8); at += 8;
    memcpy(at, path, length); at += length;
    memcpy(at, &offset, 8); at += 8;
    memcpy(at, &count, 8); at += 8;
    if (bytes) memcpy(at, bytes, count);
    if (really_write(out, whole, size) != (ssize_t)size) abort();
    free(whole);
}

static int fails(const char *call, const char *path) {
    char text[96] = {0}, kind[32], end[32];
    const char *name = getenv("DRILL_FAULT");
    int number, fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0 || sscanf(text, "%31s %d %31s", kind, &number, end) != 3) abort();
    size_t all = strlen(path), last = strlen(end);
    if (strcmp(kind, call) || all < last || strcmp(path + all - last, end)) return 0;
    errno = number;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    char path[PATH_MAX];
    if (fd == 1) trace('A', "", 0, bytes, count);
    else if (path_of(fd, path)) {
        if (fails("write", path)) return -1;
        trace('W', path, (uint64_t)lseek(fd, 0, SEEK_CUR), bytes, count);
    }
    return really_write(fd, bytes, count);
}

static ssize_t write_at(int fd, const void *bytes, size_t count, off_t offset) {
    REAL("pwrite", pwrite_call);
    char path[PATH_MAX];
    if (path_of(fd, path)) {
        if (fails("write", path)) return -1;
        trace('W', path, (uint64_t)offset, bytes, count);
    }
    return real(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    return write_at(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
    return write_at(fd, bytes, count, offset);
}

static int synced(int fd) {
    REAL("fsync", sync_call);
    char path[PATH_MAX];
    if (path_of(fd, path)) {
        if (fails("sync", path)) return -1;
        trace('S', path, 0, NULL, 0);
    }
    return real(fd);
}

int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }

static int truncated(int fd, off_t size) {
    REAL("ftruncate", truncate_call);
    char path[PATH_MAX];
    if (path_of(fd, path)) {
        if (fails("write", path)) return -1;
        trace('T', path, (uint64_t)size, NULL, 0);
    }
    return real(fd, size);
}

int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off_t size) { return truncated(fd, size); }

int unlink(const char *path) {
    REAL("unlink", unlink_call);
    if (is_ours(path)) trace('U', path, 0, NULL, 0);
    return real(path);
}
