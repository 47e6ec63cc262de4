// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "golden/exact/executor.h"
#include "golden/float_testing.h"

namespace assay {

inline Real ratio(std::int64_t numerator, std::int64_t denominator) {
  mpq_class value(static_cast<long>(numerator), static_cast<long>(denominator));
  value.canonicalize();
  return Real(value);
}

/// A graph input whose element is step * q, with the bounds that the integers `q` have.
inline ExactInput stepped_input(const std::vector<std::int64_t>& q, const Real& step = Real(1)) {
  const auto [min, max] = std::ranges::minmax_element(q);
  ExactInput input = ExactInput::integers(*min, *max);
  input.terms[0].scale = RealArray(step);
  return input;
}

/// Makes `y` the output of the net and runs it exactly on x = step * q.
inline ExactRun run_exactly(Net& net, Tensor* y, const std::vector<std::int64_t>& q,
                            const Real& step = Real(1)) {
  net.finish(y);
  mark_checkpoints(net.graph);
  verify(net.graph);
  const ExactExecutor exact(net.graph, {stepped_input(q, step)});
  return exact.run({.inputs = {{q}}});
}

/// The exact elements of a value in their readable form: "3/4", "-2".
inline std::vector<std::string> texts(const ExactValue& value) {
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < value.size(); ++i) out.push_back(value.real(i).str());
  return out;
}

/// The exact output of the net as text.
inline std::vector<std::string> exact_texts(Net& net, Tensor* y, const std::vector<std::int64_t>& q,
                                            const Real& step = Real(1)) {
  return texts(run_exactly(net, y, q, step).outputs.at(0));
}

/// The integers of the only activation checkpoint.
inline std::vector<std::int64_t> exact_levels(Net& net, Tensor* y,
                                              const std::vector<std::int64_t>& q,
                                              const Real& step = Real(1)) {
  for (CheckpointValue& value : run_exactly(net, y, q, step).checkpoints)
    if (value.checkpoint->kind == Checkpoint::Kind::kActivation) return std::move(value.q);
  return {};
}

using Texts = std::vector<std::string>;
using Levels = std::vector<std::int64_t>;

/// Quant with scalar parameters.
struct QuantCase {
  float scale = 1, zero = 0, bits = 8;
  bool is_signed = true, narrow = false;
  RoundingMode mode = RoundingMode::kHalfEven;
};

inline Tensor* add_quant(Net& net, Tensor* x, const QuantCase& c) {
  ops::Quant quant;
  quant.is_signed = c.is_signed;
  quant.narrow = c.narrow;
  quant.rounding_mode = c.mode;
  return net.add(quant, {x, net.scalar(c.scale), net.scalar(c.zero), net.scalar(c.bits)});
}

/// The levels that Quant gives for x = step * q.
inline Levels quant_levels(const QuantCase& c, const Levels& q, const Real& step) {
  Net net;
  Tensor* x = net.input({static_cast<std::int64_t>(q.size())});
  return exact_levels(net, add_quant(net, x, c), q, step);
}
/// The reals that Quant gives for x = step * q.
inline Texts quant_texts(const QuantCase& c, const Levels& q, const Real& step) {
  Net net;
  Tensor* x = net.input({static_cast<std::int64_t>(q.size())});
  return exact_texts(net, add_quant(net, x, c), q, step);
}

inline ops::Window window_of(std::vector<std::int64_t> kernel, std::vector<std::int64_t> pads,
                             std::int64_t stride = 1, std::int64_t dilation = 1) {
  const std::size_t r = kernel.size();
  return {std::move(kernel), std::vector<std::int64_t>(r, stride), std::move(pads),
          std::vector<std::int64_t>(r, dilation)};
}

}  // namespace assay
