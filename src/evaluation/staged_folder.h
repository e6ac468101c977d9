// Results in a folder, of one run at a time: new ones take the place of earlier ones of their kind in one
// step, and leave everything else that is in the folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "io/atomic_folder.h"

namespace savp {

// Whether an entry of the folder is such a result.
using IsResult = std::function<bool(const std::string& name)>;

class StagedFolder {
 public:
  // Throws as AtomicFolder does.
  StagedFolder(const std::filesystem::path& folder, IsResult is_result);

  // Where new content is collected; without commit() it goes again.
  const std::filesystem::path& staging() const { return content_.path(); }
  // Everything in another folder gets a second name here, or is copied; folders of one name become one.
  void link(const std::filesystem::path& from) const;
  void commit();

 private:
  std::filesystem::path folder_;
  IsResult is_result_;
  AtomicFolder content_;
};

}  // namespace savp
