// A folder whose new content appears whole or not at all, also when the program is killed at any
// moment. It is written to a hidden folder beside the target, .<name>.partial-<process>; commit()
// exchanges the two in one step (renameat2), so that under the target's name there is always the old
// content or the new. What programs that were killed have left is removed by the next one, which a lock
// keeps alone (io/folder_lock.h).
//
// Where nothing can be put beside the target (it is a mount point, or its parent may not be written to),
// the new content waits in <target>/.partial-<process> and is moved up entry by entry. A visible folder in
// the target, `savp-unfinished` or `savp-unfinished-replacement`, is there from before the first change
// until after the last: it says that the content is a mixture, and the next program that writes there
// first completes the move. File systems that cannot exchange folders (NFS) get two renames instead; a
// crash between them leaves the old content in .<name>.replaced, and the next program that writes there
// puts it back.
#pragma once

#include <filesystem>

#include "io/folder_lock.h"

namespace savp {

class AtomicFolder {
 public:
  // What happens to entries of the target that the new content has no namesakes of.
  enum class Others { kRemove, kKeep };

  // Locks the target, makes good what was left by others, and makes the hidden folder. Throws UsageError
  // where another program writes to the target, DataError where a folder cannot be made, ResourceError where
  // the machine fails.
  explicit AtomicFolder(const std::filesystem::path& target);
  ~AtomicFolder();  // without commit(): removes what was written
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  // The hidden folder, to write to.
  const std::filesystem::path& path() const { return hidden_; }

  // Puts the new content in the target's place. Others that are kept are linked into the new content, not
  // copied, where the file system can.
  void commit(Others others);

  // For readers. Throws DataError where a replacement was interrupted, so that the target holds a mixture, or
  // is not there while its old content is.
  static void check_whole(const std::filesystem::path& target);

  // Whether the target has anything in it that is not of this mechanism; for those who must not overwrite.
  static bool is_empty(const std::filesystem::path& target);

 private:
  void recover();
  bool exchange();
  void move_up(Others others);
  void complete_move() const;

  std::filesystem::path target_;
  bool beside_;
  FolderLock lock_;
  std::filesystem::path hidden_;
};

}  // namespace savp
