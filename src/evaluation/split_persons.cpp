#include "evaluation/split_persons.h"

#include <nlohmann/json.hpp>

#include "io/json_text.h"
#include "io/whole_file.h"
#include "making/prepared_folder.h"
#include "records/kth_names.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::optional<int64_t> person_of(const Json& video) {
  const auto* name = video.get_ptr<const std::string*>();
  if (name == nullptr) return std::nullopt;
  const auto stem = fs::path(*name).stem().string();
  const auto found = kth_name(stem);
  return found ? std::optional(found->person) : std::nullopt;
}

// False where a video has no person.
bool add_persons(const Json& videos, std::set<int64_t>& persons) {
  for (const auto& video : videos) {
    const auto person = person_of(video);
    if (!person) return false;
    persons.insert(*person);
  }
  return true;
}

// The lists of videos by split; null where there are none.
Json videos_by_split(const fs::path& folder) {
  const auto text = read_if_there(folder / kManifestName);
  const auto manifest = text ? try_json(*text).value_or(Json()) : Json();
  return manifest.is_object() ? manifest.value("videos", Json()) : Json();
}

}  // namespace

std::optional<SplitPersons> persons_of(const fs::path& record_file, const std::string& split) {
  const auto folder = record_file.parent_path();
  auto videos = videos_by_split(folder.parent_path());
  if (videos.is_null()) videos = videos_by_split(folder);
  if (!videos.is_object() || !videos.contains(split)) return std::nullopt;
  SplitPersons found;
  for (const auto& [name, list] : videos.items())
    if (!list.is_array() || !add_persons(list, name == split ? found.of_split : found.of_others))
      return std::nullopt;
  return found.of_split.empty() ? std::nullopt : std::optional(found);
}

}  // namespace savp
