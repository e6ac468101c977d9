// The one map between our variables and those of the published TensorFlow checkpoints. Modules carry
// TensorFlow's own scope names, so that a dotted name is the TensorFlow name once '.' is read as '/'; what is
// left are the layouts.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

namespace savp::tf_names {

// "rnn.savp_cell.h0.conv_pool2d.kernel" -> "rnn/savp_cell/h0/conv_pool2d/kernel".
std::string from_ours(std::string name);

// The current name of a variable in a checkpoint that may be older: "dna_cell" became "savp_cell".
std::string modern(std::string name);

// The other way round: the name that programs of that age look for.
std::string old(std::string name);

// What follows a variable's name in those of its moments, and Adam's powers.
inline constexpr std::string_view kFirstMoment = "/Adam", kSecondMoment = "/Adam_1";
inline constexpr const char *kBeta1Power = "beta1_power", *kBeta2Power = "beta2_power";

// Whether it is "<name>/Adam" or "<name>/Adam_1", a moment of a variable.
bool is_slot(std::string_view name);
// The variable that a slot belongs to; other names as they are.
std::string_view without_slot(std::string_view name);

// The value of a variable or of its moment in TensorFlow's layout -> in ours: kernels [kh, kw, in, out] ->
// [out, in, kh, kw], [kd, kh, kw, in, out] -> [out, in, kd, kh, kw], transposed kernels [kh, kw, out, in] ->
// [in, out, kh, kw], learned initial states [H, W, C] -> [C, H, W]; the others are the same.
at::Tensor to_our_layout(const std::string& name, const at::Tensor& value);
at::Tensor to_tf_layout(const std::string& name, const at::Tensor& value);

}  // namespace savp::tf_names
