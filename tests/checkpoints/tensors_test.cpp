#include "checkpoints/tensors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <torch/types.h>

#include <csignal>
#include <set>
#include <tuple>

#include "checkpoints/run_dir.h"
#include "support/killed.h"
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

Restored restore_from(const fs::path& file, const NamedTensors& wanted, const Leniency& leniency = {}) {
  return restore(VariableSource::open(file), wanted, leniency);
}

Metadata metadata_of(const fs::path& file) { return VariableSource::open(file).metadata(); }

class Tensors : public ScratchTest {
 protected:
  std::string error_of(const fs::path& file, const NamedTensors& wanted, const Leniency& leniency = {}) {
    return message_of<DataError>([&] { restore_from(file, wanted, leniency); });
  }
};

TEST_F(Tensors, RoundTrip) {
  const auto saved = variables(1.5);
  const auto file = save_checkpoint(folder_, 300, saved, {{"seed", "3"}});
  EXPECT_EQ(file, folder_ / "model-300.safetensors");
  const auto restored = variables(0.0);
  EXPECT_TRUE(restore_from(file, restored).optional.empty());
  for (size_t i = 0; i < saved.size(); ++i)
    EXPECT_TRUE(torch::equal(saved[i].second, restored[i].second)) << saved[i].first;
  const auto metadata = metadata_of(file);
  EXPECT_EQ(metadata.at("seed"), "3");
  EXPECT_EQ(metadata.at("step"), "300");
}

// Under today's names, in our layout. The moments of variables without a gradient may be missing,
// nothing else.
TEST_F(Tensors, ACheckpointOfTensorFlowIsRestored) {
  const fs::path file = SAVP_TEST_DATA "/golden/models/ckpt_savp_old_dna_cell/checkpoint_dir/model-123.index";
  const std::string scope = "generator/rnn/savp_cell/";
  const auto kernel = torch::zeros({2, 6, 5, 5}), moment = torch::zeros({2}), idle = torch::full({4}, 3.0);
  const auto step = torch::tensor(int64_t{0});
  NamedTensors wanted = {{scope + "h0/conv_pool2d/kernel", kernel},
                         {scope + "h0/conv_pool2d/bias/Adam", moment},
                         {scope + "idle/Adam_1", idle},
                         {"global_step", step}};
  EXPECT_TRUE(restore_from(file, wanted, {.unused = true}).optional.empty());
  EXPECT_EQ(step.item<int64_t>(), 123);
  EXPECT_TRUE(kernel.any().item<bool>());
  EXPECT_TRUE(torch::equal(idle, torch::full({4}, 3.0)));
  EXPECT_TRUE(metadata_of(file).empty());

  EXPECT_CONTAINS(error_of(file, wanted), "; not used: ");
  wanted.emplace_back(scope + "h9/bias", torch::zeros({2}));
  wanted.emplace_back(scope + "h0/conv_pool2d/bias", torch::zeros({3}));
  const auto said = error_of(file, wanted, {.unused = true});
  EXPECT_CONTAINS(said, "missing: " + scope + "h9/bias;");
  EXPECT_CONTAINS(said, scope + "h0/conv_pool2d/bias (F32 [2], wanted F32 [3])");
}

// A checkpoint of the original without Adam's moments and powers, as for a new run.
TEST_F(Tensors, WeightsAloneOfTensorFlowAreRestoredForANewRunOnly) {
  const auto source = VariableSource::open(SAVP_TEST_DATA "/checkpoints/weights_only/model-123.index");
  const std::string scope = "generator/rnn/savp_cell/h0/";
  NamedTensors wanted = {{"g_apply_gradients/beta1_power", torch::full({}, 0.5)},
                         {scope + "conv_pool2d/bias/Adam", torch::full({2}, 0.25)},
                         {scope + "conv_pool2d/bias", torch::zeros({2})},
                         {scope + "conv_pool2d/kernel", torch::zeros({2, 6, 5, 5})},
                         {scope + "InstanceNorm/beta", torch::zeros({2})},
                         {scope + "InstanceNorm/gamma", torch::zeros({2})},
                         {"global_step", torch::tensor(int64_t{0})}};
  EXPECT_CONTAINS(message_of<DataError>([&] { restore(source, wanted); }),
                  "missing: g_apply_gradients/beta1_power, " + scope + "conv_pool2d/bias/Adam");
  EXPECT_EQ(restore(source, wanted, {.parts = true}).fresh,
            (std::vector<std::string>{"the generator's optimizer (Adam)"}));
  EXPECT_EQ(wanted[1].second.sum().item<double>(), 0.5);
  EXPECT_TRUE(wanted[3].second.any().item<bool>());
  EXPECT_EQ(wanted[6].second.item<int64_t>(), 123);
}

TEST_F(Tensors, StridesAreSavedAsShapes) {
  const auto transposed = torch::arange(6.0).view({2, 3}).t();
  const auto file = save_checkpoint(folder_, 1, {{"a", transposed}}, {});
  auto restored = torch::zeros({3, 2});
  restore_from(file, {{"a", restored}});
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

TEST_F(Tensors, AsManyAreKeptAsToldAndDamagedOnesDoNotCount) {
  const auto steps = [&] {
    std::vector<int64_t> all;
    for (const auto& saved : saved_steps(folder_)) all.push_back(saved.step);
    return all;
  };
  using Steps = std::vector<int64_t>;
  for (const int64_t step : {1, 2, 3}) save_checkpoint(folder_, step, variables(1.0), {}, {.newest = 0});
  EXPECT_EQ(steps(), (Steps{1, 2, 3}));
  fs::resize_file(checkpoint_file(folder_, 3), 100);
  save_checkpoint(folder_, 4, variables(1.0), {}, {.newest = 2});
  EXPECT_EQ(steps(), (Steps{2, 3, 4})) << "2 is the last sound one before 4";
  save_checkpoint(folder_, 5, variables(1.0), {}, {.newest = 2});
  EXPECT_EQ(steps(), (Steps{4, 5}));
  save_checkpoint(folder_, 6, variables(1.0), {}, {.newest = 1, .also = 4});
  EXPECT_EQ(steps(), (Steps{4, 6}));
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
  EXPECT_TRUE(restore_from(file, {{"generator/kernel", kernel}}, {.unused = true}).optional.empty());
  EXPECT_EQ(kernel.sum().item<double>(), 12.0);
  auto wanted = variables(0.0);
  wanted[3].second = torch::zeros({8}, torch::kByte);
  EXPECT_EQ(restore_from(file, wanted, {.optional = {"noise_state"}}).optional,
            (std::vector<std::string>{"noise_state"}));
  EXPECT_EQ(wanted[3].second.sum().item<int64_t>(), 0);
  EXPECT_EQ(wanted[0].second.sum().item<double>(), 12.0);
}

// A small generator with a discriminator and both optimizers.
NamedTensors training_state(double value) {
  NamedTensors all;
  for (const std::string scope : {"generator", "discriminator"}) {
    const auto weight = scope == "generator" ? scope + "/kernel" : scope + "/video/kernel";
    for (const auto* slot : {"", "/Adam", "/Adam_1"})
      all.emplace_back(weight + slot, torch::full({3}, value));
    for (const auto* power : {"/beta1_power", "/beta2_power"})
      all.emplace_back(scope.substr(0, 1) + "_apply_gradients" + power, torch::full({}, value));
  }
  all.emplace_back("global_step", torch::full({}, static_cast<int64_t>(value), torch::kLong));
  return all;
}

NamedTensors without(NamedTensors state, const std::string& part) {
  std::erase_if(state, [&](const auto& named) { return named.first.find(part) != std::string::npos; });
  return state;
}

using Names = std::vector<std::string>;
constexpr Leniency kParts{.parts = true};

// What may be missing as a whole, and is then fresh.
TEST(RestoredParts, AreThoseThatAreThere) {
  const std::string g = "the generator's optimizer (Adam)", d = "the discriminator's optimizer (Adam)";
  const std::tuple<const char*, std::string, Names> cases[] = {
      {"nothing is missing", "nothing", {}},
      {"weights alone", "power", {d, g}},  // half a state is none
      {"no moments", "/Adam", {d, g}},
      {"one moment of one variable", "generator/kernel/Adam_1", {g}},
      {"no step", "global_step", {"the step"}},
      {"no discriminator", "discriminator/video", {"discriminator/video", d}},
      {"a discriminator, but not its moments", "discriminator/video/kernel/Adam", {d}}};
  for (const auto& [name, part, fresh] : cases) {
    const auto source = VariableSource::of(without(training_state(1.0), part), "source");
    const auto wanted = training_state(0.0);
    const auto restored = restore(source, wanted, kParts);
    EXPECT_EQ(std::set(restored.fresh.begin(), restored.fresh.end()), std::set(fresh.begin(), fresh.end()))
        << name;
    for (const auto& [variable, tensor] : wanted) {
      const bool stays = std::count(fresh.begin(), fresh.end(), part_of(variable).name) > 0;
      EXPECT_EQ(tensor.sum().item<double>() == 0.0, stays) << name << ": " << variable;
    }
  }
}

TEST(RestoredParts, AreAllThereWhereARunContinues) {
  for (const auto* part : {"power", "/Adam", "global_step", "discriminator/"}) {
    const auto source = VariableSource::of(without(training_state(1.0), part), "source");
    EXPECT_THROW(restore(source, training_state(0.0)), DataError) << part;
  }
}

TEST(RestoredParts, AreStrictOtherwise) {
  const auto complaint = [](const NamedTensors& stored, const NamedTensors& wanted) {
    return message_of<DataError>([&] { restore(VariableSource::of(stored, "source"), wanted, kParts); });
  };
  auto more = training_state(1.0);
  more.emplace_back("generator/bias", torch::ones({3}));
  const auto whole = training_state(1.0);
  EXPECT_CONTAINS(complaint(whole, more), "missing: generator/bias");
  EXPECT_CONTAINS(complaint(more, whole), "not used: generator/bias");
  EXPECT_CONTAINS(complaint(without(whole, "generator/"), whole), "missing: generator/kernel");
  auto unknown = whole;
  unknown.emplace_back("g_apply_gradients/beta3_power", torch::ones({}));
  EXPECT_CONTAINS(complaint(unknown, whole), "not used: g_apply_gradients/beta3_power");
  auto other = whole;
  other[0].second = torch::ones({4});
  EXPECT_CONTAINS(complaint(other, whole), "generator/kernel (F32 [4], wanted F32 [3])");
  auto half = whole;
  half.emplace_back("discriminator/video/bias", torch::ones({3}));
  EXPECT_CONTAINS(complaint(whole, half), "missing: discriminator/video/bias");
}

TEST(RestoredParts, DiscriminatorsThatAreNotWantedAreTold) {
  const auto source = VariableSource::of(training_state(1.0), "source");
  const auto generator = without(without(training_state(0.0), "discriminator"), "d_apply");
  const auto restored = restore(source, generator, kParts);
  EXPECT_EQ(restored.unused, Names{"discriminator/video"});
  EXPECT_TRUE(restored.fresh.empty());
}

// As in the original: the last counts, and the step is nobody's.
TEST_F(Tensors, SeveralCheckpointsFillEachOther) {
  write("a/options.json", "{}");
  const auto first =
      save_checkpoint(folder_ / "a", 5, without(training_state(1.0), "discriminator"), {{"seed", "1"}});
  fs::create_directories(folder_ / "b");
  save_checkpoint(folder_ / "b", 6, without(training_state(2.0), "/Adam"), {{"seed", "2"}, {"more", "x"}});
  const auto text = concat((folder_ / "a").string(), ",", (folder_ / "b/model-6").string());
  const auto source = VariableSource::open(Checkpoint::open(text));
  EXPECT_EQ(source.tensor("generator/kernel").sum().item<double>(), 6.0);
  EXPECT_EQ(source.tensor("generator/kernel/Adam").sum().item<double>(), 3.0);
  EXPECT_EQ(source.tensor("discriminator/video/kernel").sum().item<double>(), 6.0);
  EXPECT_FALSE(source.has("global_step"));
  EXPECT_EQ(source.metadata().at("seed"), "1");
  EXPECT_EQ(source.metadata().at("more"), "x");
  EXPECT_EQ(source.where(), concat(first.string(), ", ", (folder_ / "b/model-6.safetensors").string()));
}

TEST_F(Tensors, ADamagedCheckpointIsRefusedAndTheOneBeforeItIsNamed) {
  write("run/options.json", "{}");
  for (const int64_t step : {1, 2, 3, 4})
    save_checkpoint(folder_ / "run", step, variables(1.0), {}, {.newest = 0});
  const auto complaint = [&] {
    const auto checkpoint = Checkpoint::open((folder_ / "run").string());
    return message_of<DataError>([&] { VariableSource::open(checkpoint); });
  };
  for (const int64_t step : {3, 4}) fs::resize_file(checkpoint_file(folder_ / "run", step), 50);
  EXPECT_CONTAINS(complaint(), "model-4.safetensors: ");
  EXPECT_CONTAINS(complaint(), concat("run/model-2.safetensors, is sound: use it with --checkpoint ",
                                      checkpoint_name(folder_ / "run", 2)));
  EXPECT_CONTAINS(complaint(), "--resume --from_step 2");
  for (const int64_t step : {1, 2}) fs::resize_file(checkpoint_file(folder_ / "run", step), 0);
  EXPECT_CONTAINS(complaint(), "has no sound checkpoint before it");
}

// TensorFlow stores the weights of a layer that gets nothing, e.g. of no actions, no states and no latents.
TEST_F(Tensors, WeightsThatHoldNothingNeedNoPlace) {
  auto stored = variables(1.0);
  stored.emplace_back("generator/dense/kernel", torch::zeros({0, 4}));
  const auto wanted = variables(0.0);
  EXPECT_TRUE(restore_from(save_checkpoint(folder_, 1, stored, {}), wanted).optional.empty());
  EXPECT_EQ(wanted[0].second.sum().item<double>(), 12.0);
}

TEST_F(Tensors, RealTypesAreConverted) {
  const auto file = save_checkpoint(folder_, 1, {{"a", torch::full({2}, 0.5, torch::kHalf)}}, {});
  const auto restored = torch::zeros({2});
  restore_from(file, {{"a", restored}});
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

// Header, metadata, names, padding, tensors: there is no byte that may change.
TEST_F(Tensors, EveryFlippedBitIsAnErrorThatNamesTheFile) {
  const auto file = save_checkpoint(folder_, 1, variables(1.0), {{"seed", "3"}, {"data_position", "2:7"}});
  const auto whole = read(file);
  for (size_t byte = 0; byte < whole.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = whole;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      const auto path = write("damaged.safetensors", damaged);
      EXPECT_CONTAINS(message_of<DataError>([&] { VariableSource::open(path); }), "damaged.safetensors")
          << "bit " << bit << " of byte " << byte;
    }
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
  restore_from(saved_steps(folder_)[0].file, restored);
  EXPECT_EQ(restored[0].second.sum().item<double>(), 12.0);
  save_checkpoint(folder_, 2, variables(2.0), {});
  files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_)) ++files;
  EXPECT_EQ(files, 2U) << "what the interrupted write left should be gone";
}

TEST_F(Tensors, KilledAtAnyCallTheFolderHasTheOldCheckpointOrTheNewOne) {
  const auto last_value = [&] {
    const auto restored = variables(0.0);
    restore_from(saved_steps(folder_).back().file, restored);
    return restored[0].second.sum().item<double>();
  };
  kill_at_every_call(
      [&] {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        for (const int64_t step : {1, 2}) save_checkpoint(folder_, step, variables(1.0), {});
      },
      [&] { save_checkpoint(folder_, 3, variables(2.0), {}); },
      [&] {
        const auto last = saved_steps(folder_).back().step;
        EXPECT_EQ(last_value(), last == 3 ? 24.0 : 12.0);
        EXPECT_GE(saved_steps(folder_).size(), 2U) << "one before it is still there";
        save_checkpoint(folder_, 4, variables(3.0), {});
        EXPECT_EQ(last_value(), 36.0);
        for (const auto& entry : fs::directory_iterator(folder_))
          EXPECT_EQ(entry.path().extension(), ".safetensors") << "orphans are removed";
      });
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
