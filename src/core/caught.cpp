#include "core/caught.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string_view>

namespace savp {
namespace {

Caught internal(const std::string& what) { return {ExitCode::kInternal, concat("internal error: ", what)}; }

// LibTorch has no exception type of its own for memory of the CPU, nor for sizes beyond all memory.
bool is_cpu_allocation(const c10::Error& error) {
  const std::string_view what = error.what_without_backtrace();
  constexpr const char* kSigns[] = {"DefaultCPUAllocator", "Storage size calculation overflowed",
                                    "numel: integer multiplication overflow"};
  return std::any_of(std::begin(kSigns), std::end(kSigns),
                     [&](const char* sign) { return what.find(sign) != std::string_view::npos; });
}

Caught caught() {
  if (const auto shortage = shortage_of_memory())
    return {ExitCode::kOutOfMemory,
            concat("out of memory: choose a smaller batch or shorter sequences (", *shortage, ")")};
  try {
    throw;
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const c10::Error& error) {
    return internal(error.what_without_backtrace());
  } catch (const std::filesystem::filesystem_error& error) {
    return {ExitCode::kData, error.what()};
  } catch (const std::exception& error) {
    return internal(error.what());
  } catch (...) {
    return internal("an exception of no known type");
  }
}

std::string on_one_line(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::optional<std::string> shortage_of_memory() {
  try {
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    return on_one_line(error.what_without_backtrace());
  } catch (const c10::Error& error) {
    if (is_cpu_allocation(error)) return on_one_line(error.what_without_backtrace());
  } catch (const std::bad_alloc& error) {
    return error.what();
  } catch (const std::length_error& error) {
    return error.what();
  } catch (...) {  // something else
  }
  return std::nullopt;
}

Caught caught_error() {
  const auto [code, message] = caught();
  return {code, on_one_line(message)};
}

}  // namespace savp
