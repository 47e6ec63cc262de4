// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "compile/graph/hw_op.h"

namespace assay::hw {

/// X [.., C] -> parts of `channels[i]` channels each, which add up to C. PE divides every one.
struct StreamingSplit final : HwOpOf<StreamingSplit> {
  static constexpr std::string_view kType = "StreamingSplit";
  static constexpr int kOutputs = 64;
  std::vector<std::int64_t> channels;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override {
    HwOp::fields(v);
    v.visit("channels", channels, true);
    v.visit("PE", pe);
  }
  void infer(InferContext& c) const override {
    const Shape& x = vectors(c);
    if (channels.size() < 1 || channels.size() > c.outputs.size() ||
        std::ranges::any_of(channels, [&](std::int64_t n) { return n < 1 || n > x.back(); }) ||
        std::accumulate(channels.begin(), channels.end(), std::int64_t{0}) != x.back())
      c.fail(fmt::format("its parts do not add up to {} channels", x.back()));
    for (std::size_t i = 0; i < c.outputs.size(); ++i) {
      c.outputs[i].shape = x;
      if (i < channels.size()) c.outputs[i].shape.back() = channels[i];
    }
  }
};

namespace stems {
using streaming_split = StreamingSplit;
}

}  // namespace assay::hw
