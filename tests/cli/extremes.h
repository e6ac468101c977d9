// Every flag of a tool with extreme values: whatever comes of it, it is not an internal error.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/run.h"
#include "support/scratch.h"

namespace savp {

using Arguments = std::vector<std::string>;

inline Arguments values_for(const Field& field) {
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

struct BodyOutcome {
  int code;
  std::string err;
};

template <class Options>
BodyOutcome run_body(Arguments arguments, void (*body)(const Options&)) {
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
  const auto plain = run_body<Options>(base, body);
  ASSERT_EQ(plain.code, 0) << plain.err;
  Options options;
  for (const auto& field : HparamsView(options).fields())
    for (const auto& value : values_for(field)) {
      auto arguments = base;
      arguments.push_back("--" + field.name);
      if (!value.empty() || field.scalar != Scalar::kBool) arguments.push_back(value);
      const auto outcome = run_body<Options>(arguments, body);
      EXPECT_NE(outcome.code, 1) << field.name << "=" << value.substr(0, 40) << ": " << outcome.err;
      for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        std::filesystem::remove_all(entry.path());
    }
  std::filesystem::current_path("/");
}

}  // namespace savp
