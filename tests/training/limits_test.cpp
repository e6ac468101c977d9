// Every hyperparameter of every model and data set, set to every extreme value: it works, or is refused as a
// user's error or as too large for the memory. Anything else would reach a user as an internal error.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <torch/types.h>

#include <new>
#include <stdexcept>

#include "datasets/dataset.h"
#include "support/futures.h"
#include "training/trainer.h"

namespace savp {
namespace {

constexpr VideoShape kFree{.channels = 3, .height = 32, .width = 32};
constexpr VideoShape kActed{.channels = 3, .height = 32, .width = 32, .actions = 4, .states = 3};

// Allocations beyond this fail at once, on machines of any size.
class Limits : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const rlimit bound = {6UL << 30, 6UL << 30};
    setrlimit(RLIMIT_AS, &bound);
  }
};

// Texts of values, as --model_hparams takes them.
std::vector<std::string> extremes(const Field& field) {
  std::vector<std::string> values;
  switch (field.scalar) {
    case Scalar::kBool:
      values = {"true", "false"};
      break;
    case Scalar::kInt:
      values = {"-9223372036854775808", "-1", "0", "1", "2", "3", "1000000000", "2147483648",
                "9223372036854775807"};
      break;
    case Scalar::kFloat:
      values = {"-inf", "-1", "0", "1e-300", "1e300", "inf", "nan"};
      break;
    case Scalar::kText:
      std::istringstream names(field.type);  // "cdna|dna|flow"
      for (std::string name; std::getline(names, name, '|');) values.push_back(name);
      break;
  }
  if (!field.is_list) return values;
  std::vector<std::string> lists = {"[]"};
  for (const auto& value : values) {
    lists.push_back("[" + value + "]");
    lists.push_back("[" + value + "," + value + "]");
    lists.push_back("[1," + value + "]");
  }
  return lists;
}

bool is_memory(const std::string& what) {
  for (const char* sign :
       {"DefaultCPUAllocator", "Storage size calculation overflowed", "multiplication overflow"})
    if (what.find(sign) != std::string::npos) return true;
  return false;
}

// Empty where all is well.
std::string internal_error(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error&) {
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  } catch (const c10::Error& error) {
    if (!is_memory(error.what_without_backtrace())) return error.what_without_backtrace();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

Batch batch_of(const VideoShape& shape, int64_t frames) {
  Batch batch;
  batch.images = torch::rand({frames, 1, shape.channels, shape.height, shape.width});
  if (shape.actions > 0) batch.actions = torch::rand({frames - 1, 1, shape.actions});
  if (shape.states > 0) batch.states = torch::rand({frames, 1, shape.states});
  return batch;
}

// A training step and a prediction.
void use(const ModelEntry& entry, const ModelHparams& hparams, const VideoShape& shape) {
  SAVP_CHECK(hparams.sequence_length <= 64, UsageError, "the data set has no sequences of such a length");
  Trainer trainer(entry, dynamic_cast<const TrainHparams&>(hparams), shape, TrainerOptions{at::kCPU, 1});
  trainer.step(batch_of(shape, hparams.sequence_length), {.report = true});
  futures(trainer.generator(), batch_of(shape, 8),
          {.shown = hparams.context_frames, .length = 8 - hparams.context_frames, .samples = 2});
}

void try_all(const std::string& model, const std::string& base, const VideoShape& shape) {
  const auto& entry = find_model(model);
  const auto plain = entry.make_hparams();
  entry.view(*plain).override_from_text(base, "test");
  ASSERT_EQ(internal_error([&] { use(entry, *plain, shape); }), "") << base;
  ASSERT_NO_THROW(use(entry, *plain, shape));  // the rest would show nothing
  for (const auto& field : entry.view(*plain).fields())
    for (const auto& value : extremes(field)) {
      const auto text = field.name + "=" + value;
      const auto found = internal_error([&] {
        const auto hparams = entry.copy_hparams(*plain);
        entry.view(*hparams).override_from_text(text, "test");
        use(entry, *hparams, shape);
      });
      EXPECT_EQ(found, "") << model << ": " << text;
    }
}

const std::string kShort = "batch_size=1,context_frames=2,sequence_length=6,";
const std::string kSavp = kShort + "ngf=4,nef=4,ndf=4,nz=2,n_layers=1,clip_length=4,kl_weight=0.1,";

TEST_F(Limits, OfSavp) { try_all("savp", kSavp + "video_sn_gan_weight=1,transformation=flow", kFree); }
TEST_F(Limits, OfSavpWithKernelsAndActions) {
  try_all("savp", kSavp + "state_weight=1,kernel_size=[3,3]", kActed);
}
TEST_F(Limits, OfSv2p) { try_all("sv2p", kShort + "num_masks=2", kFree); }
TEST_F(Limits, OfSna) { try_all("sna", kShort + "ngf=4,num_masks=2", kActed); }
TEST_F(Limits, OfDna) { try_all("dna", kShort + "num_masks=2,kernel_size=[3,3]", kFree); }

TEST_F(Limits, OfDataSets) {
  const Json kShortSequences = {{"context_frames", 1},
                                {"sequence_length", 2}};  // some records hold few frames
  const std::pair<std::string, std::string> folders[] = {{"bair", "bair"},
                                                         {"kth", "kth_color"},
                                                         {"ucf101", "ucf101"},
                                                         {"sv2p", "humans"},
                                                         {"google_robot", "google_robot/push_testseen"}};
  for (const auto& [name, folder] : folders) {
    auto spec = find_dataset(name);
    const auto input = SAVP_TEST_DATA "/golden/data/A_datasets/" + folder;
    int64_t worked = 0;
    for (const auto& field : spec.view(spec.hparams).fields())
      for (const auto& value : extremes(field)) {
        const auto text = field.name + "=" + value;
        const auto found = internal_error([&] {
          const auto data = Dataset::open_records(name, input, "test", {{"short", kShortSequences}}, text);
          data->num_examples_per_epoch();
          const auto batch = data->batches({.batch_size = 1, .num_epochs = 1, .threads = 0})->next();
          if (batch) ++worked;
        });
        EXPECT_EQ(found, "") << name << ": " << text;
      }
    EXPECT_GT(worked, 10) << name;
  }
}

}  // namespace
}  // namespace savp
