// The runner must notice what is wrong: a case that passes is spoilt in one place at a time.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>

#include "core/error.h"
#include "golden_runner/kinds.h"
#include "io/safetensors.h"

namespace savp::golden {
namespace {

namespace fs = std::filesystem;

class SpoiltCase : public testing::Test {
 protected:
  explicit SpoiltCase(const std::string& name = "schedules") {
    folder_ = fs::path(testing::TempDir()) / concat("spoilt_case_", ::getpid());
    fs::copy(fs::path(SAVP_TEST_DATA) / "golden/models" / name, folder_, fs::copy_options::recursive);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string tensors() const { return folder_ / "tensors.safetensors"; }

  // Rewrites the tensors; `change` may alter the floats of one, or answer false to leave it out.
  void rewrite(const std::function<bool(const std::string& name, std::span<float> values)>& change) const {
    std::vector<TensorView> views;
    std::vector<std::vector<std::byte>> data;
    {
      const auto file = SafetensorsFile::open(tensors());
      for (auto view : file.tensors()) {
        data.emplace_back(view.data, view.data + view.bytes);
        view.data = data.back().data();
        const std::span values(reinterpret_cast<float*>(data.back().data()), view.bytes / sizeof(float));
        if (change(view.name, values)) views.push_back(view);
      }
    }
    write_safetensors(tensors(), views, {});
  }
  Comparison run() const {
    const auto results = run_case(Case::load(folder_));
    EXPECT_EQ(results.size(), 1U);
    return results.front().comparison;
  }

  fs::path folder_;
};

TEST_F(SpoiltCase, PassesWhenItIsNotSpoilt) { EXPECT_TRUE(run().passed()) << run().summary(); }

TEST_F(SpoiltCase, AWrongValueFails) {
  rewrite([](const std::string& name, std::span<float> values) {
    if (name == "lr/1/values") values[0] *= 1.0002F;
    return true;
  });
  EXPECT_FALSE(run().passed());
  EXPECT_NE(run().summary().find("worst=lr/1/values err=1.9"), std::string::npos) << run().summary();
}

TEST_F(SpoiltCase, ANanFails) {
  rewrite([](const std::string& name, std::span<float> values) {
    if (name == "kl/0/values") values[3] = std::nanf("");
    return true;
  });
  EXPECT_FALSE(run().passed());
}

TEST_F(SpoiltCase, AMissingTensorFails) {
  rewrite([](const std::string& name, std::span<float>) { return name != "sched/2/prob"; });
  const auto comparison = run();
  EXPECT_FALSE(comparison.passed());
  EXPECT_NE(comparison.summary().find("sched/2/prob"), std::string::npos) << comparison.summary();
}

TEST_F(SpoiltCase, WhatCannotBeRunFails) {
  const auto rejected = [&](const char* key, const char* value, const char* told) {
    std::ifstream in(folder_ / "case.json");
    auto json = Json::parse(in);
    json[key] = value;
    std::ofstream(folder_ / "case.json") << json;
    const auto comparison = run();
    EXPECT_FALSE(comparison.passed());
    EXPECT_NE(comparison.summary().find(told), std::string::npos) << comparison.summary();
  };
  rejected("model", "savq", "savq");
  rejected("kind", "rumour", "cases of kind rumour are not covered yet");
}

class SpoiltStep : public SpoiltCase {
 protected:
  SpoiltStep() : SpoiltCase("ckpt_savp_old_dna_cell") {}
};

TEST_F(SpoiltStep, PassesWhenItIsNotSpoilt) { EXPECT_TRUE(run().passed()) << run().summary(); }

// The step is run again with inputs changed by roundings, and each time as wrong.
TEST_F(SpoiltStep, WrongGradientsAreNotTakenForKinks) {
  const std::pair<const char*, std::function<void(std::span<float>)>> errors[] = {
      {"grads/generator/rnn/savp_cell/h0/conv_pool2d/kernel",
       [](std::span<float> g) {
         for (auto& x : g) x *= 1.01F;
       }},
      {"grads/generator/rnn/savp_cell/lstm_h0/basic_conv2dlstm_cell/kernel",
       [](std::span<float> g) { std::rotate(g.begin(), g.begin() + 1, g.end()); }},
  };
  for (const auto& [spoilt, change] : errors) {
    const auto original = folder_ / "original";
    fs::copy_file(tensors(), original, fs::copy_options::overwrite_existing);
    rewrite([&, spoilt = spoilt, change = change](const std::string& name, std::span<float> values) {
      if (name == spoilt) change(values);
      return true;
    });
    const auto comparison = run();
    EXPECT_FALSE(comparison.passed()) << spoilt;
    EXPECT_NE(comparison.summary().find("; not on a kink: "), std::string::npos) << comparison.summary();
    fs::rename(original, tensors());
  }
}

}  // namespace
}  // namespace savp::golden
