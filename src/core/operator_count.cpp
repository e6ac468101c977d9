#include "core/operator_count.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>
#include <vector>

namespace savp {
namespace {

// Operators that only give memory, or another look at it.
constexpr const char* kFree[] = {"aten::_reshape_alias",
                                 "aten::_unsafe_view",
                                 "aten::alias",
                                 "aten::as_strided",
                                 "aten::as_strided_",
                                 "aten::chunk",
                                 "aten::detach",
                                 "aten::detach_",
                                 "aten::empty",
                                 "aten::empty_like",
                                 "aten::empty_strided",
                                 "aten::expand",
                                 "aten::flatten",
                                 "aten::is_same_size",
                                 "aten::movedim",
                                 "aten::narrow",
                                 "aten::new_empty",
                                 "aten::new_empty_strided",
                                 "aten::permute",
                                 "aten::resize_",
                                 "aten::resolve_conj",
                                 "aten::resolve_neg",
                                 "aten::select",
                                 "aten::set_",
                                 "aten::slice",
                                 "aten::split",
                                 "aten::split_with_sizes",
                                 "aten::squeeze",
                                 "aten::squeeze_",
                                 "aten::t",
                                 "aten::transpose",
                                 "aten::transpose_",
                                 "aten::unbind",
                                 "aten::unflatten",
                                 "aten::unfold",
                                 "aten::unsqueeze",
                                 "aten::unsqueeze_",
                                 "aten::view",
                                 "aten::result_type",
                                 "aten::lift_fresh",
                                 "aten::to",
                                 "aten::contiguous",
                                 "aten::reshape",
                                 "aten::expand_as",
                                 "aten::view_as",
                                 "aten::broadcast_to"};

bool is_free(const std::string& name) {
  return !name.starts_with("aten::") ||
         std::any_of(std::begin(kFree), std::end(kFree), [&](const char* free) { return name == free; });
}

struct Counts {
  std::map<std::string, int64_t> calls, computing, computing_gradients;
  std::map<std::pair<std::string, std::string>, int64_t> inside;  // operator, one that it was called in
};
std::mutex mutex;
Counts counted;

// Operators that this thread is inside of, and whether they have called one that computes.
struct Open {
  std::string name;
  bool derivative, composed;
};
thread_local std::vector<Open> open;

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
  open.push_back({function.name(), function.scope() == at::RecordScope::BACKWARD_FUNCTION, false});
  return nullptr;
}

void leave(const at::RecordFunction& /*function*/, at::ObserverContext* /*context*/) {
  if (open.empty()) return;  // entered before the count began
  const auto [name, derivative, composed] = open.back();
  open.pop_back();
  const bool computes = !derivative && !composed && !is_free(name);
  if (!open.empty() && (composed || computes)) open.back().composed = true;
  const std::lock_guard<std::mutex> lock(mutex);
  ++counted.calls[name];
  for (const auto& outer : open) ++counted.inside[{name, outer.name}];
  if (!computes) return;
  ++counted.computing[name];
  for (const auto& outer : open)
    if (outer.derivative) ++counted.computing_gradients[outer.name];
}

}  // namespace

OperatorCount::OperatorCount() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    counted = {};
  }
  handle_ =
      at::addGlobalCallback(at::RecordFunctionCallback(enter, leave)
                                .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
}

OperatorCount::~OperatorCount() { at::removeCallback(handle_); }

int64_t OperatorCount::calls(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = counted.calls.find(name);
  return found == counted.calls.end() ? 0 : found->second;
}

int64_t OperatorCount::calls_inside(const std::string& name, const std::string& outer) const {
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = counted.inside.find({name, outer});
  return found == counted.inside.end() ? 0 : found->second;
}

std::map<std::string, int64_t> OperatorCount::computing() const {
  const std::lock_guard<std::mutex> lock(mutex);
  return counted.computing;
}

std::map<std::string, int64_t> OperatorCount::computing_gradients() const {
  const std::lock_guard<std::mutex> lock(mutex);
  return counted.computing_gradients;
}

}  // namespace savp
