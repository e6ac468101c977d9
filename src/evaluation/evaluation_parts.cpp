#include "evaluation/evaluation_parts.h"

#include <chrono>
#include <system_error>
#include <thread>

#include "core/error.h"
#include "core/interrupt.h"
#include "io/sha256.h"
#include "io/whole_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr const char *kPrefix = ".unfinished-", *kNumbers = "numbers.cbor", *kPictures = "pictures";

}  // namespace

EvaluationParts::EvaluationParts(const fs::path& results, const std::string& what)
    : folder_(results / (kPrefix + sha256(what).substr(0, 16))) {}

fs::path EvaluationParts::place(int64_t part, const char* ending) const {
  return folder_ / concat("part-", part, ending);
}

bool EvaluationParts::has(int64_t part, const std::vector<std::string>& truths) const {
  std::error_code failure;
  if (!fs::exists(place(part), failure)) return false;
  if (numbers(part).truths == truths) return true;
  fs::remove_all(place(part));
  return false;
}

std::optional<FolderLock> EvaluationParts::claim(int64_t part) const try {
  std::error_code failure;
  fs::create_directories(folder_, failure);
  SAVP_CHECK(!failure, DataError, folder_.string(), ": cannot be made (", failure.message(), ")");
  return FolderLock(concat("part ", part, " of the evaluation"), place(part, ".lock"),
                    FolderLock::IfHeld::kRefuse);
} catch (const UsageError&) {
  return std::nullopt;
}

fs::path EvaluationParts::begin(int64_t part) const {
  fs::remove_all(place(part, ".partial"));
  fs::create_directories(place(part, ".partial") / kPictures);
  return place(part, ".partial") / kPictures;
}

void EvaluationParts::finish(int64_t part, const VideoNumbers& numbers) const {
  write_whole_file(place(part, ".partial") / kNumbers, numbers.to_bytes());
  fs::rename(place(part, ".partial"), place(part));
}

VideoNumbers EvaluationParts::numbers(int64_t part) const {
  const auto file = place(part) / kNumbers;
  return VideoNumbers::from_bytes(read_whole_file(file), file.string());
}

fs::path EvaluationParts::pictures(int64_t part) const { return place(part) / kPictures; }

bool EvaluationParts::is_there(int64_t part) const {
  std::error_code failure;
  return fs::exists(place(part), failure);
}

void EvaluationParts::wait_for(int64_t part) const {
  constexpr std::chrono::milliseconds kPause(200);
  while (!is_there(part) && !claim(part)) {
    stop_if_interrupted();
    std::this_thread::sleep_for(kPause);
  }
}

void EvaluationParts::remove_others() const {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder_.parent_path(), failure))
    if (entry.path().filename().string().starts_with(kPrefix) && entry.path() != folder_)
      fs::remove_all(entry.path(), failure);
}

}  // namespace savp
