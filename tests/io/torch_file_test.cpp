#include "io/torch_file.h"

#include "core/error.h"
#include "support/scratch_test.h"
#include "support/written_torch.h"

namespace savp {
namespace {

const std::vector<WrittenTensor> kTensors = {{"features.0.weight", {2, 3}, {0, 1, 2, 3, 4, 5}},
                                             {"features.0.bias", {2}, {0.5F, -0.5F}},
                                             {"classifier.weight", {1, 1}, {7}}};

bool is_feature(const std::string& name) { return name.starts_with("features."); }

class TorchFile : public ScratchTest {
 protected:
  std::string refusal(const std::string& bytes) const {
    const auto path = write("w.pth", bytes);
    return message_of<DataError>([&] { read_torch_file(path, is_feature); });
  }
};

TEST_F(TorchFile, IsReadInBothLayouts) {
  const auto old = write("old.pth", old_torch_file(kTensors)), archive = folder_ / "new.pth";
  write_torch_archive(archive, kTensors);
  for (const auto& path : {old, archive}) {
    const auto found = read_torch_file(path, is_feature);
    ASSERT_EQ(found.size(), 2U) << path;
    EXPECT_EQ(found[0].name, "features.0.weight");
    EXPECT_EQ(found[0].header.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(found[0].bytes, bytes_of<float>({0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(found[1].bytes, bytes_of<float>({0.5F, -0.5F}));
    EXPECT_FALSE(is_torch_script(path));
  }
}

// As Python 2 wrote it: OrderedDict([["lin", tensor]]), and a view into a storage.
TEST_F(TorchFile, AnEarlyDictionaryIsAListOfPairs) {
  using namespace written_torch;  // NOLINT
  const WrittenTensor all{"lin", {1, 2}, {1, 2, 3, 4}};
  auto view = tensor(all, "0", {2, 1}, "FloatStorage");
  const auto first = view.find(number(0) + numbers({1, 2}));
  view.replace(first, number(0).size(), number(2));  // the third number is the first of the tensor
  const auto program = "\x80\x02"s + "ccollections\nOrderedDict\n](](" + text("lin") + view + "ee\x85R.";
  write_zip(folder_ / "w.pth", {{"w/data.pkl", program}, {"w/data/0", bytes_of(all.values)}}, false);
  const auto found = read_torch_file(folder_ / "w.pth", [](const auto&) { return true; });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].bytes, bytes_of<float>({3, 4}));
}

TEST_F(TorchFile, WhatIsWrongIsNamed) {
  EXPECT_CONTAINS(refusal("nonsense"), "w.pth: is no file of torch.save()");
  EXPECT_CONTAINS(refusal("PK\3\4 and nothing else"), "w.pth: is no whole file of torch.save()");
  const auto sound = old_torch_file(kTensors);
  for (size_t length = 15; length + 12 < sound.size(); length += 7)  // the classifier is not wanted
    EXPECT_CONTAINS(refusal(sound.substr(0, length)), "w.pth");
  EXPECT_CONTAINS(refusal(sound.substr(0, sound.size() - 20)), "w.pth: is cut short");
  write_torch_archive(folder_ / "half.pth", kTensors, "HalfStorage");
  EXPECT_CONTAINS(message_of<DataError>([&] { read_torch_file(folder_ / "half.pth", is_feature); }),
                  "the tensor features.0.weight is of HalfStorage, not of float32");
  EXPECT_CONTAINS(refusal(old_torch_file(kTensors, "OddStorage")), "OddStorage, which is not known");
  auto program = torch_program(kTensors);
  program.replace(program.find("_rebuild_tensor_v2"), 18, "_rebuild_something");
  write_zip(folder_ / "w.pth", {{"w/data.pkl", program}}, false);
  EXPECT_CONTAINS(message_of<DataError>([&] { read_torch_file(folder_ / "w.pth", is_feature); }),
                  "the pickle calls torch._utils _rebuild_something");
  write_zip(folder_ / "w.pth", {{"w/data.pkl", torch_program(kTensors)}}, false);
  EXPECT_CONTAINS(message_of<DataError>([&] { read_torch_file(folder_ / "w.pth", is_feature); }),
                  "the numbers of features.0.weight are missing");
  const WrittenTensor larger{"features.0.weight", {4, 4}, {1, 2}};
  EXPECT_CONTAINS(refusal(old_torch_file({larger})), "of shape [4, 4] is cut short");
}

TEST_F(TorchFile, AProgramIsTold) {
  write_zip(folder_ / "s.pt", {{"s/data.pkl", "x"}, {"s/constants.pkl", "x"}}, false);
  EXPECT_TRUE(is_torch_script(folder_ / "s.pt"));
}

}  // namespace
}  // namespace savp
