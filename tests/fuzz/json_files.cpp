// The JSON files of runs, data sets and the cache, and metrics.jsonl: used, or refused with an Error.
#include <cstdlib>
#include <iostream>
#include <string>

#include "checkpoints/run_dir.h"
#include "core/error.h"
#include "core/model_hparams.h"
#include "io/folder_lock.h"
#include "making/cache.h"
#include "making/cache_listing.h"
#include "making/verification.h"
#include "records/spec.h"
#include "support/scratch.h"
#include "training/metrics_log.h"

namespace savp {
namespace {

template <class Body>
void attempt(const Body& body) {
  try {
    body();
  } catch (const Error&) {
  }
}

void open_run(const ScratchFolder& folder, const std::string& text) {
  for (const char* name : {"options.json", "model_hparams.json", "dataset_hparams.json"})
    folder.write(name, text);
  attempt([&] {
    const auto run = Checkpoint::open(folder.path().string());
    attempt([&] { run.option("dataset"); });
    TrainHparams hparams;
    resolve_hparams(hparams, {.dicts = run.model_hparams()});
  });
}

void read_data_set(const ScratchFolder& folder, const std::string& text) {
  folder.write("dataset.json", text);
  folder.write("a.tfrecords", "");
  attempt([&] { infer_record_dataset(folder.path().string(), "train"); });
  attempt([&] { verify_data({.input_dir = folder.path().string(), .dataset = "bair", .threads = 1}); });
}

void read_cache(const ScratchFolder& folder, const std::string& text) {
  folder.write("cache/entry/dataset.json", text);
  ::setenv("SAVP_CACHE_DIR", (folder.path() / "cache").c_str(), /*overwrite=*/1);
  attempt([&] {
    const auto entry = folder.path() / "cache/entry";
    const auto manifest = read_manifest(entry);
    is_current(entry, manifest.is_object() ? manifest.value("source", Json()) : Json());
  });
  attempt([] { show_cache({}); });
}

void read_logs(const ScratchFolder& folder, const std::string& text) {
  folder.write("metrics.jsonl", text);
  attempt([&] { MetricsLog(folder.path() / "metrics.jsonl", 10); });
  folder.write("locked/.lock", text);
  attempt([&] { FolderLock::inside(folder.path() / "locked"); });
}

}  // namespace
}  // namespace savp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace savp;
  static const ScratchFolder folder;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  auto* shown = std::cout.rdbuf(nullptr);
  open_run(folder, text);
  read_data_set(folder, text);
  read_cache(folder, text);
  read_logs(folder, text);
  std::cout.rdbuf(shown);
  std::cout.clear();
  return 0;
}
