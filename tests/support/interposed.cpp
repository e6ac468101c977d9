// The system's calls as a test wants them, by variables of the environment. Linked into a test, or loaded
// into a tool (LD_PRELOAD):
//
//   SAVP_KILL_AT=K      SIGKILL right before the K-th call that changes files
//   SAVP_COUNT_FILE=F   the number of such calls so far goes to the file F
//   SAVP_NO_EXCHANGE    renameat2 cannot exchange, as on NFS
//   SAVP_BUSY=PATH      PATH cannot be renamed or replaced, as a mount point
//   SAVP_NO_FLOCK       flock is not supported
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
#define NEXT(name) next<decltype(name)>(#name)

void count() {
  static std::atomic<int> calls = 0;
  const char* at = std::getenv("SAVP_KILL_AT");
  const char* file = std::getenv("SAVP_COUNT_FILE");
  if (at == nullptr && file == nullptr) return;
  const int now = ++calls;
  if (at != nullptr && std::atoi(at) == now) kill(getpid(), SIGKILL);
  if (file == nullptr) return;
  char text[16];
  const int handle = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const int length = std::snprintf(text, sizeof text, "%d\n", now);
  if (NEXT(write)(handle, text, static_cast<size_t>(length)) < 0) std::perror(file);
  close(handle);
}

bool is_busy(const char* path) {
  const char* busy = std::getenv("SAVP_BUSY");
  if (busy == nullptr || std::strcmp(busy, path) != 0) return false;
  errno = EBUSY;
  return true;
}

}  // namespace

extern "C" {

int rename(const char* from, const char* to) noexcept {
  count();
  return is_busy(from) || is_busy(to) ? -1 : NEXT(rename)(from, to);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  count();
  if (is_busy(from) || is_busy(to)) return -1;
  if (flags != 0 && std::getenv("SAVP_NO_EXCHANGE") != nullptr) return errno = EINVAL, -1;
  return NEXT(renameat2)(from_folder, from, to_folder, to, flags);
}
int link(const char* from, const char* to) noexcept { return count(), NEXT(link)(from, to); }
int symlink(const char* from, const char* to) noexcept { return count(), NEXT(symlink)(from, to); }
int unlink(const char* path) noexcept { return count(), NEXT(unlink)(path); }
int unlinkat(int folder, const char* path, int flags) noexcept {
  return count(), NEXT(unlinkat)(folder, path, flags);
}
int remove(const char* path) noexcept { return count(), NEXT(remove)(path); }
int rmdir(const char* path) noexcept { return count(), NEXT(rmdir)(path); }
int mkdir(const char* path, mode_t mode) noexcept { return count(), NEXT(mkdir)(path, mode); }
int ftruncate(int file, off_t length) noexcept { return count(), NEXT(ftruncate)(file, length); }
ssize_t write(int file, const void* data, size_t bytes) { return count(), NEXT(write)(file, data, bytes); }
ssize_t pwrite(int file, const void* data, size_t bytes, off_t offset) {
  return count(), NEXT(pwrite)(file, data, bytes, offset);
}
int flock(int file, int operation) noexcept {
  if (std::getenv("SAVP_NO_FLOCK") != nullptr) return errno = ENOLCK, -1;
  return NEXT(flock)(file, operation);
}

}  // extern "C"
