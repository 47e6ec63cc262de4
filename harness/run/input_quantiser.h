// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// The quantiser that all use of a tensor goes through: Quant, or QuantizeLinear to DequantizeLinear.
/// What it makes of reals are the integers q of `dtype` with real = scale * q + offset.
struct InputQuantiser {
  DataType dtype;
  Real scale, offset;
  std::vector<const Node*> nodes;  ///< of it, in the order of computation
  bool keeps_all = false;          ///< whether it leaves all integers of `dtype` as they are
};

/// The quantiser of integers of up to 31 bits, with one scale for all, behind `tensor` and nodes that
/// only move its elements; nothing where there is none.
std::optional<InputQuantiser> input_quantiser(const Graph& graph, const Tensor& tensor);

/// Float32 reals as that quantiser's integers, decided by the exact reference. UserError naming `name`
/// where one is not finite.
std::vector<std::int64_t> quantised(const InputQuantiser& quantiser, std::span<const float> reals,
                                    const std::string& name);

}  // namespace assay
