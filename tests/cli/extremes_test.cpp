// Every flag of the tools with extreme values, on small data: whatever comes of it, it is not an internal
// error.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "cli/evaluate.h"
#include "cli/generate.h"
#include "cli/run.h"
#include "cli/train.h"
#include "core/verbosity.h"
#include "support/scratch.h"

namespace savp {
namespace {

using Arguments = std::vector<std::string>;

const std::string kBair = SAVP_TEST_DATA "/golden/data/A_datasets/bair";

Arguments values_for(const Field& field) {
  switch (field.scalar) {
    case Scalar::kBool:
      return {""};
    case Scalar::kInt:
      return {"-9223372036854775808", "0", "1", "1000000000", "9223372036854775807", "x"};
    case Scalar::kFloat:
      return {"-inf", "0", "1e-300", "1e300", "nan"};
    case Scalar::kText:
      return {"", "no/such", std::string(5000, 'x'), "a\nb", "/dev/null"};
  }
  return {};
}

struct Outcome {
  int code;
  std::string err;
};

template <class Options>
Outcome run(Arguments arguments, void (*body)(const Options&)) {
  arguments.insert(arguments.begin(), "tool");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const auto code = cli::run<Options>(static_cast<int>(argv.size()), argv.data(), body);
  testing::internal::GetCapturedStdout();
  return {code, testing::internal::GetCapturedStderr()};
}

template <class Options>
void try_all(const Arguments& base, void (*body)(const Options&)) {
  const rlimit bound = {8UL << 30, 8UL << 30};
  setrlimit(RLIMIT_AS, &bound);
  const ScratchFolder folder;
  std::filesystem::current_path(folder.path());
  const auto plain = run<Options>(base, body);
  ASSERT_EQ(plain.code, 0) << plain.err;
  Options options;
  for (const auto& field : HparamsView(options).fields())
    for (const auto& value : values_for(field)) {
      auto arguments = base;
      arguments.push_back("--" + field.name);
      if (!value.empty() || field.scalar != Scalar::kBool) arguments.push_back(value);
      const auto outcome = run<Options>(arguments, body);
      EXPECT_NE(outcome.code, 1) << field.name << "=" << value.substr(0, 40) << ": " << outcome.err;
      for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        std::filesystem::remove_all(entry.path());
    }
  std::filesystem::current_path("/");
}

const Arguments kInput = {"--input_dir", kBair,       "--mode", "test",     "--model",
                          "repeat",      "--dataset", "bair",   "--device", "cpu"};

TEST(Extremes, OfEvaluate) {
  auto arguments = kInput;
  arguments.insert(arguments.end(), {"--dataset_hparams", "sequence_length=4", "--only_metrics"});
  try_all<cli::EvaluateOptions>(arguments, cli::evaluate);
}

TEST(Extremes, OfGenerate) {
  auto arguments = kInput;
  arguments.insert(arguments.end(), {"--sequence_length", "4", "--num_stochastic_samples", "1"});
  try_all<cli::GenerateOptions>(arguments, cli::generate);
}

TEST(Extremes, OfTrain) {
  const ScratchFolder data;
  std::filesystem::create_directories(data / "bair");
  std::filesystem::copy(kBair + "/test", data / "bair/train", std::filesystem::copy_options::recursive);
  try_all<cli::TrainOptions>(
      {"--input_dir", (data / "bair").string(), "--output_dir", "run", "--dataset_hparams",
       "sequence_length=6,crop_size=32", "--summary_freq", "0", "--device", "cpu", "--model_hparams",
       "batch_size=1,ngf=4,nef=4,ndf=4,nz=2,n_layers=1,clip_length=4,max_steps=1"},
      cli::train);
}

}  // namespace
}  // namespace savp
