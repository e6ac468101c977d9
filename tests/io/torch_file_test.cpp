#include "io/torch_file.h"

#include <dlfcn.h>
#include <zip.h>

#include <limits>

#include "core/error.h"
#include "support/memory_limit.h"
#include "support/scratch_test.h"
#include "support/written_torch.h"

namespace {
int opened = 0;  // entries of archives
}
extern "C" zip_file_t* zip_fopen(zip_t* archive, const char* name, zip_flags_t flags) {
  ++opened;
  return reinterpret_cast<decltype(&zip_fopen)>(dlsym(RTLD_NEXT, "zip_fopen"))(archive, name, flags);
}

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
  std::vector<PickledArray> read_all(const std::string& program, const Entries& storages) const {
    write_torch_archive(folder_ / "w.pth", program, storages);
    return read_torch_file(folder_ / "w.pth", [](const auto&) { return true; });
  }
  // Of a tensor whose storage has 4 numbers.
  std::string refusal_of(const WrittenView& view) const {
    return message_of<DataError>([&] { read_all(torch_program(std::vector{view}), {{"0", kFour}}); });
  }

  const std::string kFour = bytes_of<float>({1, 2, 3, 4});
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
  const auto view = tensor({.shape = {1, 2}, .strides = {2, 1}, .offset = 2});
  const auto program = "\x80\x02"s + "ccollections\nOrderedDict\n](](" + text("lin") + view + "ee\x85R.";
  const auto found = read_all(program, {{"0", kFour}});
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
  EXPECT_CONTAINS(refusal(old_torch_file({larger})), "is not within the 2 numbers");
}

// torch.save(..., pickle_protocol=4): each pickle has a size, if it is not very short.
TEST_F(TorchFile, AnOldFileMayBeOfALaterProtocol) {
  auto file = old_torch_file(kTensors);
  file.replace(0, 2, std::string("\x80\4\x95\r\0\0\0\0\0\0\0", 11));
  const auto found = read_torch_file(write("w.pth", file), is_feature);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].bytes, bytes_of<float>({0.5F, -0.5F}));
}

TEST_F(TorchFile, EmptyAndSingleNumbersAreRead) {
  const auto found = read_all(
      torch_program(std::vector<WrittenView>{{.name = "none", .shape = {2, 0, 3}, .strides = {3, 3, 1}},
                                             {.name = "one", .shape = {}, .strides = {}, .offset = 3},
                                             {.name = "row", .shape = {1, 2}, .strides = {0, 1}}}),
      {{"0", kFour}});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].header.shape, (std::vector<int64_t>{2, 0, 3}));
  EXPECT_EQ(found[0].bytes, "");
  EXPECT_EQ(found[1].bytes, bytes_of<float>({4}));
  EXPECT_EQ(found[2].bytes, bytes_of<float>({1, 2}));
}

TEST_F(TorchFile, AStorageIsUnpackedOnce) {
  constexpr int kViews = 1000;
  std::vector<WrittenView> views;
  for (int i = 0; i < kViews; ++i)
    views.push_back(
        {.name = std::to_string(i), .shape = {2}, .offset = i % 3, .storage = i % 2 == 0 ? "0" : "1"});
  opened = 0;
  const auto found = read_all(torch_program(views), {{"0", kFour}, {"1", bytes_of<float>({5, 6, 7, 8})}});
  EXPECT_GE(opened, 3);
  EXPECT_LE(opened, 4);  // byteorder, data.pkl and two storages
  ASSERT_EQ(found.size(), views.size());
  EXPECT_EQ(found[4].name, "4");
  EXPECT_EQ(found[4].bytes, bytes_of<float>({2, 3}));
  EXPECT_EQ(found[5].bytes, bytes_of<float>({7, 8}));
}

TEST_F(TorchFile, ViewsThatCannotBeAreRefused) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const std::pair<WrittenView, const char*> cases[] = {
      {{.shape = {2, 2}, .strides = {2, 1}, .offset = 1},
       "[2, 2] from number 1 on is not within the 4 numbers"},
      {{.offset = -1}, "is not within"},
      {{.offset = kHuge}, "is not within"},
      {{.shape = {5}}, "is not within"},
      {{.shape = {2, 2}, .strides = {1, 2}}, "is not stored in one piece: save t.contiguous()"},
      {{.strides = {0}}, "is not stored in one piece"},
      {{.strides = {kHuge}}, "is not within the 4 numbers"},
      {{.strides = {-1}}, "has impossible strides [-1]"},
      {{.shape = {1}, .strides = {-1}}, "has impossible strides [-1]"},
      {{.strides = {1, 1}}, "has impossible strides [1, 1]"},
      {{.shape = {-4}}, "has an impossible shape [-4]"},
      {{.shape = {kHuge, 4}, .strides = {4, 1}}, "has an impossible shape"},
      {{.shape = {1 << 15, 1 << 15, 2}, .strides = {1 << 16, 2, 1}}, "has an impossible shape"},
      {{.shape = std::vector<int64_t>(33, 1)}, "too many axes"},
      {{.storage = "1"}, "the numbers of a are missing (archive/data/1)"},
      {{.storage = std::string(300, '0')}, "something else than the numbers of a tensor"},
      {{.storage_size = 5}, "the numbers of a are cut short (16 of 20 bytes)"},
      {{.shape = {3}, .storage_size = 3}, "data/0: is too large (16 bytes, at most 12 are read)"},
      {{.storage_size = -1}, "something else than the numbers of a tensor"},
      {{.storage_size = int64_t{1} << 31}, "are 2147483648: at most 1073741824 are read"},
      {{.type = "LongStorage"}, "is of LongStorage, not of float32"},
      {{.type = "OddStorage"}, "is of OddStorage, not of float32"},
  };
  for (const auto& [view, message] : cases) EXPECT_CONTAINS(refusal_of(view), message);
}

TEST_F(TorchFile, AStorageIsOfOneKind) {
  const std::vector<WrittenView> views = {{}, {.name = "b", .type = "IntStorage"}};
  EXPECT_CONTAINS(message_of<DataError>([&] {
                    read_all(torch_program(views), {{"0", kFour}});
                  }),
                  "keeps the numbers 0 both as 4 of FloatStorage and as 4 of IntStorage");
}

// As torch._neg_view() leaves them.
TEST_F(TorchFile, NumbersThatAreToBeNegatedAreRefused) {
  auto program = torch_program(std::vector<WrittenView>{{}});
  program.insert(program.find("tR", program.find("OrderedDict\n)R") + 15),
                 std::string("}X\3\0\0\0neg\x88s", 11));
  EXPECT_CONTAINS(message_of<DataError>([&] { read_all(program, {{"0", kFour}}); }), "is stored negated");
}

// A thousand names of a million numbers that are there once.
TEST_F(TorchFile, SharedNumbersAreNotCopiedWithoutEnd) {
  constexpr int64_t kNumbers = 1 << 20;
  std::vector<WrittenView> views;
  for (int i = 0; i < 1025; ++i)
    views.push_back({.name = std::to_string(i), .shape = {kNumbers}, .storage_size = kNumbers});
  const auto storage = bytes_of(std::vector<float>(kNumbers));
  const MemoryLimit limit(1 << 28);
  EXPECT_CONTAINS(message_of<DataError>([&] {
                    read_all(torch_program(views), {{"0", storage}});
                  }),
                  "its tensors have more than 1073741824 numbers together");
}

// Optimizers keep tensors in lists, which nobody asks for.
TEST_F(TorchFile, TensorsElsewhereArePassedOver) {
  using namespace written_torch;  // NOLINT
  auto file = old_torch_file(kTensors);
  const auto names = text("0") + text("1") + text("2") + "e.";
  file.replace(file.rfind(names), names.size(), text("0") + text("1") + text("2") + text("3") + "e.");
  const auto list = text("list") + "](" + tensor({.storage = "3"}) + "e";
  file.insert(file.find("u}" + text("_metadata")), list);
  const auto found = read_torch_file(write("w.pth", file + bytes_of<int64_t>({4}) + kFour), is_feature);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].bytes, bytes_of<float>({0.5F, -0.5F}));
}

TEST_F(TorchFile, AnOldStorageHasAsManyNumbersAsItIsSaidTo) {
  auto file = old_torch_file(kTensors);
  const auto count = bytes_of<int64_t>({6});
  file.replace(file.rfind(count + bytes_of<float>({0, 1})), count.size(), bytes_of<int64_t>({5}));
  EXPECT_CONTAINS(refusal(file), "the numbers 0 are 5, not 6");
}

TEST_F(TorchFile, NumbersOfABigEndianMachineAreRefused) {
  const auto path = folder_ / "w.pth";
  for (const std::string order : {"big", "", "middle"}) {
    write_torch_archive(path, torch_program(kTensors), {}, order);
    EXPECT_CONTAINS(message_of<DataError>([&] { read_torch_file(path, is_feature); }),
                    "w.pth: its byteorder is " + order + ", not little");
  }
  write_zip(path, {{"w/data.pkl", torch_program(std::vector<WrittenView>{})}}, false);
  EXPECT_TRUE(read_torch_file(path, is_feature).empty());  // before 2.1
}

TEST_F(TorchFile, ACutOrDamagedArchiveIsRefused) {
  write_torch_archive(folder_ / "w.pth", kTensors);
  const auto whole = read(folder_ / "w.pth");
  for (size_t length = 2; length < whole.size(); length += 7)
    EXPECT_CONTAINS(refusal(whole.substr(0, length)), "w.pth: is no whole file of torch.save()");
  auto damaged = whole;
  ++damaged[damaged.find(bytes_of<float>({0, 1, 2}))];
  EXPECT_CONTAINS(refusal(damaged), "archive/data/0: is damaged");
}

// What LibTorch would read past the end of, and take in whatever order.
class TorchProgram : public TorchFile {
 protected:
  // An object that holds a tensor, and a list of another one, which a function makes.
  static std::string object_of(const WrittenView& view) {
    using namespace written_torch;  // NOLINT
    return "\x80\x02"s + "c__torch__\nNetwork\n)\x81}(" + text("a") + tensor(view) + text("list") +
           "ctorch.jit._pickle\nbuild_tensorlist\n](" + tensor({.shape = {2, 2}, .strides = {1, 2}}) +
           "e\x85Rub.";
  }
  std::string answer_to(const Entries& entries) const {
    Entries in_folder;
    for (const auto& [name, bytes] : entries) in_folder.emplace_back("s/" + name, bytes);
    write_zip(folder_ / "s.pt", in_folder, false);
    EXPECT_TRUE(is_torch_script(folder_ / "s.pt"));
    return message_of<DataError>([&] { check_torch_script(folder_ / "s.pt"); });
  }
  std::string answer(const WrittenView& view, const std::string& part = "data") const {
    const std::string other = part == "data" ? "constants" : "data";
    return answer_to({{part + ".pkl", object_of(view)}, {part + "/0", kFour}, {other + ".pkl", ")."}});
  }
};

TEST_F(TorchProgram, ASoundOneIsPassed) {
  for (const auto* part : {"data", "constants"})
    for (const WrittenView& view :
         {WrittenView{}, WrittenView{.shape = {2}, .strides = {2}, .offset = 1},
          WrittenView{.shape = {5, 4}, .strides = {0, 1}}, WrittenView{.shape = {0}, .offset = 4}})
      EXPECT_EQ(answer(view, part), "no error");
}

TEST_F(TorchProgram, TensorsThatReachBeyondTheirNumbersAreRefused) {
  for (const WrittenView& view :
       {WrittenView{.offset = 1}, WrittenView{.shape = {3}, .strides = {2}}, WrittenView{.offset = -1},
        WrittenView{.shape = {1, 1}, .strides = {1, 1}, .offset = 4},
        WrittenView{.shape = {3, 3}, .strides = {int64_t{1} << 62, int64_t{1} << 62}}})
    for (const std::string part : {"data", "constants"})
      EXPECT_CONTAINS(answer(view, part), "s.pt, " + part + ".pkl: a tensor of the numbers 0 of shape [");
  EXPECT_CONTAINS(answer(WrittenView{.strides = {-1}}), "impossible strides [-1]");
}

TEST_F(TorchProgram, NumbersThatAreNotThereAreNamed) {
  const auto program = object_of({});
  const auto with = [&](Entries entries) {
    entries.insert(entries.end(), {{"data.pkl", program}, {"constants.pkl", ")."}});
    return answer_to(entries);
  };
  EXPECT_CONTAINS(with({{"data/0", kFour.substr(4)}}), "s.pt, s/data/0: has 12 bytes, not 16");
  EXPECT_CONTAINS(with({{"data/0", kFour + "x"}}), "s.pt, s/data/0: has 17 bytes, not 16");
  EXPECT_CONTAINS(with({}), "s.pt, s/data/0: cannot be read (No such file)");
  EXPECT_CONTAINS(with({{"data/0", kFour}, {"byteorder", "big"}}), "s.pt: its byteorder is big, not little");
  EXPECT_CONTAINS(answer_to({{"constants.pkl", ")."}}), "s.pt: holds no data.pkl");
}

}  // namespace
}  // namespace savp
