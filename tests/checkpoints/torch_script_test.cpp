#include "checkpoints/torch_script.h"

#include <torch/script.h>
#include <zip.h>

#include "core/error.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

class TorchScript : public ScratchTest {
 protected:
  TorchScript() : network_("Network") {
    network_.register_parameter("weight", torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}}).t(), false);
    network_.register_buffer("half", torch::tensor({0.5F, 2.0F}).to(at::kHalf));
    network_.register_buffer("whole", torch::tensor({1, 2}));
    network_.register_buffer("complex", torch::zeros({2}, at::kComplexFloat));
    network_.register_buffer("sparse", torch::eye(2).to_sparse());
    network_.save(file_.string());
  }
  NamedTensors read(const std::string& wanted) const {
    return torch_script_tensors(file_, [&](const std::string& name) { return name == wanted; });
  }
  void replace(const char* entry, std::string_view text) const {
    zip_t* archive = zip_open(file_.c_str(), 0, nullptr);
    ASSERT_NE(archive, nullptr);
    zip_file_add(archive, entry, zip_source_buffer(archive, text.data(), text.size(), 0), ZIP_FL_OVERWRITE);
    ASSERT_EQ(zip_close(archive), 0);
  }
  std::string refusal(const std::string& wanted) const {
    return message_of<DataError>([&] { read(wanted); });
  }

  torch::jit::Module network_;
  const std::filesystem::path file_ = folder_ / "s.pt";
};

TEST_F(TorchScript, WhatIsWantedIsTakenAsFloats) {
  const auto weight = read("weight");
  ASSERT_EQ(weight.size(), 1U);
  EXPECT_TRUE(torch::equal(weight[0].second, torch::tensor({{1.0F, 3.0F}, {2.0F, 4.0F}})));
  EXPECT_TRUE(torch::equal(read("half").at(0).second, torch::tensor({0.5F, 2.0F})));
}

TEST_F(TorchScript, WhatIsNoFloatIsNamed) {
  EXPECT_CONTAINS(refusal("whole"), "s.pt: the tensor whole is of CPULongType, not of float32");
  EXPECT_CONTAINS(refusal("complex"), "the tensor complex is of CPUComplexFloatType");
  EXPECT_CONTAINS(refusal("sparse"), "the tensor sparse is of SparseCPUFloatType");
}

TEST_F(TorchScript, NumbersOfABigEndianMachineAreRefused) {
  replace("s/byteorder", "big");
  EXPECT_CONTAINS(refusal("weight"), "s.pt: its byteorder is big, not little");
  EXPECT_CONTAINS(message_of<DataError>([&] { scripted_i3d(file_, at::kCPU); }), "its byteorder is big");
}

// LibTorch begins its complaint with an empty line.
TEST_F(TorchScript, ADamagedProgramIsNamed) {
  network_.define("def forward(self, x):\n    return x\n");
  network_.save(file_.string());
  replace("s/code/__torch__.py", "nonsense");
  EXPECT_CONTAINS(refusal("weight"), "s.pt: is no sound TorchScript file (");
  EXPECT_EQ(refusal("weight").find("()"), std::string::npos) << refusal("weight");
}

}  // namespace
}  // namespace savp
