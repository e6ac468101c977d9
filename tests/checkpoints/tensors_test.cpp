#include "checkpoints/tensors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <torch/types.h>

#include <csignal>

#include "checkpoints/run_dir.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

NamedTensors variables(double value) {
  return {{"generator/kernel", torch::full({3, 4}, value)},
          {"generator/bias", torch::full({4}, -value).requires_grad_()},
          {"global_step", torch::tensor(int64_t{7})},
          {"noise_state", torch::full({5}, 9, torch::kByte)}};
}

class Tensors : public ScratchTest {
 protected:
  std::string error_of(const fs::path& file, const NamedTensors& wanted, const Leniency& leniency = {}) {
    return message_of<DataError>([&] { restore_checkpoint(file, wanted, leniency); });
  }
};

TEST_F(Tensors, RoundTrip) {
  const auto saved = variables(1.5);
  const auto file = save_checkpoint(folder_, 300, saved, {{"seed", "3"}});
  EXPECT_EQ(file, folder_ / "model-300.safetensors");
  const auto restored = variables(0.0);
  EXPECT_TRUE(restore_checkpoint(file, restored).empty());
  for (size_t i = 0; i < saved.size(); ++i)
    EXPECT_TRUE(torch::equal(saved[i].second, restored[i].second)) << saved[i].first;
  const auto metadata = checkpoint_metadata(file);
  EXPECT_EQ(metadata.at("seed"), "3");
  EXPECT_EQ(metadata.at("step"), "300");
}

// Under today's names, in our layout. The moments of variables without a gradient may be missing, nothing
// else.
TEST_F(Tensors, ACheckpointOfTensorFlowIsRestored) {
  const fs::path file = SAVP_TEST_DATA "/golden/models/ckpt_savp_old_dna_cell/checkpoint_dir/model-123.index";
  const std::string scope = "generator/rnn/savp_cell/";
  const auto kernel = torch::zeros({2, 6, 5, 5}), moment = torch::zeros({2}), idle = torch::full({4}, 3.0);
  const auto step = torch::tensor(int64_t{0});
  NamedTensors wanted = {{scope + "h0/conv_pool2d/kernel", kernel},
                         {scope + "h0/conv_pool2d/bias/Adam", moment},
                         {scope + "idle/Adam_1", idle},
                         {"global_step", step}};
  EXPECT_TRUE(restore_checkpoint(file, wanted, {.unused = true}).empty());
  EXPECT_EQ(step.item<int64_t>(), 123);
  EXPECT_TRUE(kernel.any().item<bool>());
  EXPECT_TRUE(torch::equal(idle, torch::full({4}, 3.0)));
  EXPECT_TRUE(checkpoint_metadata(file).empty());

  EXPECT_CONTAINS(error_of(file, wanted), "; not used: ");
  wanted.emplace_back(scope + "h9/bias", torch::zeros({2}));
  wanted.emplace_back(scope + "h0/conv_pool2d/bias", torch::zeros({3}));
  const auto said = error_of(file, wanted, {.unused = true});
  EXPECT_CONTAINS(said, "missing: " + scope + "h9/bias;");
  EXPECT_CONTAINS(said, scope + "h0/conv_pool2d/bias (F32 [2], wanted F32 [3])");
}

TEST_F(Tensors, StridesAreSavedAsShapes) {
  const auto transposed = torch::arange(6.0).view({2, 3}).t();
  const auto file = save_checkpoint(folder_, 1, {{"a", transposed}}, {});
  auto restored = torch::zeros({3, 2});
  restore_checkpoint(file, {{"a", restored}});
  EXPECT_TRUE(torch::equal(restored, transposed));
}

TEST_F(Tensors, OnlyTheLastTwoAreKept) {
  for (const int64_t step : {100, 200, 300, 1000})
    save_checkpoint(folder_, step, variables(static_cast<double>(step)), {});
  const auto saved = saved_steps(folder_);
  ASSERT_EQ(saved.size(), 2U);
  EXPECT_EQ(saved[0].step, 300);
  EXPECT_EQ(saved[1].step, 1000);
}

TEST_F(Tensors, WhatDoesNotFitIsListedAndNothingIsTouched) {
  const auto file = save_checkpoint(folder_, 1, variables(1.0), {});
  auto wanted = variables(0.0);
  wanted[1].second = torch::zeros({5});
  wanted[2].second = torch::zeros({}, torch::kInt);
  wanted[3].first = "other";
  const auto message = error_of(file, wanted);
  EXPECT_CONTAINS(message, "model-1.safetensors");
  EXPECT_CONTAINS(message, "missing: other");
  EXPECT_CONTAINS(message, "generator/bias (F32 [4], wanted F32 [5])");
  EXPECT_CONTAINS(message, "global_step (I64 [], wanted I32 [])");
  EXPECT_CONTAINS(message, "not used: noise_state");
  EXPECT_EQ(wanted[0].second.sum().item<double>(), 0.0);
}

TEST_F(Tensors, LongListsAreCut) {
  NamedTensors many;
  for (int i = 0; i < 9; ++i) many.emplace_back("v" + std::to_string(i), torch::zeros({1}));
  const auto file = save_checkpoint(folder_, 1, {{"a", torch::zeros({1})}}, {});
  EXPECT_CONTAINS(error_of(file, many), "missing: v0, v1, v2, v3, v4 and 4 more");
}

TEST_F(Tensors, LeniencyAllowsUnusedAndOptional) {
  const auto file = save_checkpoint(folder_, 1, variables(1.0), {});
  const auto kernel = torch::zeros({3, 4});
  EXPECT_TRUE(restore_checkpoint(file, {{"generator/kernel", kernel}}, {.unused = true}).empty());
  EXPECT_EQ(kernel.sum().item<double>(), 12.0);
  auto wanted = variables(0.0);
  wanted[3].second = torch::zeros({8}, torch::kByte);
  EXPECT_EQ(restore_checkpoint(file, wanted, {.optional = {"noise_state"}}),
            (std::vector<std::string>{"noise_state"}));
  EXPECT_EQ(wanted[3].second.sum().item<int64_t>(), 0);
  EXPECT_EQ(wanted[0].second.sum().item<double>(), 12.0);
}

// TensorFlow stores the weights of a layer that gets nothing, e.g. of no actions, no states and no latents.
TEST_F(Tensors, WeightsThatHoldNothingNeedNoPlace) {
  auto stored = variables(1.0);
  stored.emplace_back("generator/dense/kernel", torch::zeros({0, 4}));
  const auto wanted = variables(0.0);
  EXPECT_TRUE(restore_checkpoint(save_checkpoint(folder_, 1, stored, {}), wanted).empty());
  EXPECT_EQ(wanted[0].second.sum().item<double>(), 12.0);
}

TEST_F(Tensors, RealTypesAreConverted) {
  const auto file = save_checkpoint(folder_, 1, {{"a", torch::full({2}, 0.5, torch::kHalf)}}, {});
  const auto restored = torch::zeros({2});
  restore_checkpoint(file, {{"a", restored}});
  EXPECT_EQ(restored.sum().item<double>(), 1.0);
}

TEST_F(Tensors, CutShortAtAnyByteIsAnErrorThatNamesTheFile) {
  const auto file = save_checkpoint(folder_, 1, variables(1.0), {});
  const auto whole = read(file);
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto cut = write("cut.safetensors", whole.substr(0, length));
    EXPECT_CONTAINS(error_of(cut, variables(0.0)), "cut.safetensors") << length;
  }
}

// Only what means nothing may flip unnoticed: the padding of the header.
TEST_F(Tensors, AFlippedBitIsAnErrorOrChangesNothing) {
  const auto file = save_checkpoint(folder_, 1, variables(1.0), {});
  const auto whole = read(file);
  size_t unnoticed = 0;
  for (size_t byte = 0; byte < whole.size(); ++byte) {
    auto damaged = whole;
    damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << (byte % 8)));
    const auto path = write("damaged.safetensors", damaged);
    const auto restored = variables(0.0);
    const auto message = error_of(path, restored);
    if (message != "no error") {
      EXPECT_CONTAINS(message, "damaged.safetensors") << byte;
      continue;
    }
    ++unnoticed;
    for (size_t i = 0; i < restored.size(); ++i)
      EXPECT_TRUE(torch::equal(restored[i].second, variables(1.0)[i].second)) << byte;
  }
  EXPECT_LT(unnoticed, 60U);  // the padding, and metadata other than the checksum
}

// The process dies while it writes: its file may only grow to half of what it needs.
TEST_F(Tensors, AnInterruptedWriteLeavesTheOldCheckpointUsable) {
  const auto old = save_checkpoint(folder_, 1, variables(1.0), {});
  const auto size = fs::file_size(old);
  const auto write_and_die = [&] {
    rlimit limit = {};
    limit.rlim_cur = limit.rlim_max = size / 2;
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_DFL);
    save_checkpoint(folder_, 2, variables(2.0), {});
  };
  EXPECT_EXIT(write_and_die(), testing::KilledBySignal(SIGXFSZ), "");
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_)) ++files;
  EXPECT_EQ(files, 2U) << "the half-written file should still be there";
  ASSERT_EQ(saved_steps(folder_).size(), 1U);
  const auto restored = variables(0.0);
  restore_checkpoint(saved_steps(folder_)[0].file, restored);
  EXPECT_EQ(restored[0].second.sum().item<double>(), 12.0);
  save_checkpoint(folder_, 2, variables(2.0), {});
  files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_)) ++files;
  EXPECT_EQ(files, 2U) << "what the interrupted write left should be gone";
}

// The disk is full: the write fails, the process goes on, nothing is left behind.
TEST_F(Tensors, AFailedWriteIsAnErrorAndLeavesNothing) {
  save_checkpoint(folder_, 1, variables(1.0), {});
  EXPECT_CONTAINS(message_of<DataError>([&] { save_checkpoint(folder_ / "none", 2, variables(2.0), {}); }),
                  "none/model-2");
  ASSERT_EQ(saved_steps(folder_).size(), 1U);
}

}  // namespace
}  // namespace savp
