// Who holds a lock, as it stands in the lock's file: a line of JSON with the program, its process and the
// start of that, the host and the boot of the machine.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace savp {

struct LockHolder {
  std::string program, host, boot;
  std::string start;  // of the process, in clock ticks since the boot: tells it from later ones of its number
  int64_t pid = 0;    // 0: nobody

  static LockHolder self();
  // Nobody where the text is of nobody.
  static LockHolder parse(const std::string& text);
  // What an open file of a lock holds, from its start.
  static LockHolder read(int descriptor);

  std::string dump() const;
  // Puts it in the place of what the file holds; false, and errno says why, where it cannot be written.
  bool write(int descriptor) const;

  // "savp_train (process 4711 on host)", or "another program".
  std::string described() const;
};

// In clock ticks since the machine started, field 22 of /proc/<pid>/stat; empty where there is no
// such process.
std::string start_of_process(int64_t pid);

}  // namespace savp
