// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/dense.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "golden/kernels/split.h"

namespace assay {
namespace {

// With fewer steps per flush another kernel, which flushes less, is faster.
constexpr std::int64_t kWorthwhileSteps = 4;

/// Contiguous elements of a pixel's window: taps (kh, kw), (kh, kw + 1)... of one group.
struct Run {
  std::int64_t kh = 0, kw = 0, elements = 0;
};

std::vector<Run> window_runs(const ConvShape& s) {
  const bool whole_rows = s.groups == 1 && s.dilation_w == 1;
  const std::int64_t taps = whole_rows ? s.kernel_width : 1;
  std::vector<Run> runs;
  for (std::int64_t kh = 0; kh < s.kernel_height; ++kh)
    for (std::int64_t kw = 0; kw < s.kernel_width; kw += taps)
      runs.push_back({kh, kw, taps * (s.in_channels / s.groups)});
  return runs;
}

/// Weights in the order of the steps: zero past the end of a run, where the image's elements belong
/// to another tap or group.
class StepWeights {
 public:
  StepWeights(const ConvProblem& problem, const std::vector<Run>& runs, std::int64_t step_elements)
      : step_elements_(step_elements) {
    for (const Run& run : runs) row_ += run_steps(run) * step_elements;
    values_.resize(problem.shape.out_channels * row_);
    for (std::int64_t o = 0; o < problem.shape.out_channels; ++o) {
      std::int16_t* to = values_.data() + o * row_;
      for (const Run& run : runs) {
        copy_run(problem, o, run, to);
        to += run_steps(run) * step_elements;
      }
    }
  }

  std::int64_t run_steps(const Run& run) const {
    return (run.elements + step_elements_ - 1) / step_elements_;
  }
  /// Steps count through all runs.
  std::span<const std::int16_t> at(std::int64_t o, std::int64_t step) const {
    return {values_.data() + o * row_ + step * step_elements_,
            static_cast<std::size_t>(step_elements_)};
  }

 private:
  static void copy_run(const ConvProblem& problem, std::int64_t o, const Run& run,
                       std::int16_t* to) {
    const ConvShape& s = problem.shape;
    const std::int64_t fan_in = s.in_channels / s.groups;
    for (std::int64_t kw = run.kw; kw < run.kw + run.elements / fan_in; ++kw)
      for (std::int64_t i = 0; i < fan_in; ++i)
        *to++ = static_cast<std::int16_t>(
            problem.weights[((o * fan_in + i) * s.kernel_height + run.kh) * s.kernel_width + kw]);
  }

  std::int64_t step_elements_, row_ = 0;
  std::vector<std::int16_t> values_;
};

/// Proves when 16-bit sums of pairs must be widened: keeps the largest positive and negative sum
/// that each lane may have reached since the last flush.
class FlushProof {
 public:
  FlushProof(const ConvShape& shape, std::int64_t input_max, const Recipe& recipe)
      : outputs_(shape.out_channels),
        input_max_(input_max),
        limit_(recipe.pair_limit),
        steps_limit_(recipe.steps_limit) {}

  /// Whether the step after the ones accepted so far fits in front of the next flush. If it does
  /// not, flush() and ask again.
  bool accept(const StepWeights& weights, std::int64_t step) {
    if (steps_ == steps_limit_) return false;
    ++steps_;
    if (limit_ == kNoLimit) return true;
    std::vector<Lane> next = lanes_.empty() ? std::vector<Lane>(2 * outputs_) : lanes_;
    for (std::int64_t lane = 0; lane < 2 * outputs_; ++lane)
      for (const std::int16_t weight : weights.at(lane / 2, step).subspan(lane % 2 * 2, 2)) {
        const std::int64_t w = weight * input_max_;
        (w > 0 ? next[lane].high : next[lane].low) += w;
        if (next[lane].high > limit_ || next[lane].low < -limit_) return false;
      }
    lanes_ = std::move(next);
    return true;
  }
  void flush() {
    steps_ = 0;
    lanes_.clear();
  }

 private:
  struct Lane {
    std::int64_t low = 0, high = 0;
  };
  std::int64_t outputs_, input_max_, limit_, steps_limit_, steps_ = 0;
  std::vector<Lane> lanes_;
};

/// Where the sums of a block of output channels start: in `group`, `vectors` wide.
struct Block {
  std::int64_t group = 0, first_output = 0, outputs = 0, vectors = 0;
  std::int64_t weights = 0;  // offset in bytes
};

struct Plan {
  std::vector<Segment> segments;
  std::int64_t steps = 0, flushes = 1;
};

std::int64_t channel_bytes(const Recipe& recipe, std::int64_t channels) {
  return channels * recipe.step_bytes / recipe.step_elements;
}

std::int64_t window_offset(const ConvShape& s, const Recipe& recipe, std::int64_t h,
                           std::int64_t w) {
  return (h * padded_width(s) + w) * channel_bytes(recipe, s.in_channels);
}

/// None when the sums of a single step pass the recipe's limits.
std::optional<Plan> plan_steps(const ConvProblem& problem, const Recipe& recipe,
                               const StepWeights& weights, const std::vector<Run>& runs) {
  const ConvShape& s = problem.shape;
  FlushProof proof(s, problem.input.max - recipe.offset, recipe);
  Plan plan;
  for (const Run& run : runs) {
    const std::int64_t start =
        window_offset(s, recipe, run.kh * s.dilation_h, run.kw * s.dilation_w);
    plan.segments.push_back({.offset = start});
    for (std::int64_t step = 0; step < weights.run_steps(run); ++step, ++plan.steps) {
      if (!proof.accept(weights, plan.steps)) {
        proof.flush();
        plan.segments.back().flush = true;
        ++plan.flushes;
        if (!proof.accept(weights, plan.steps)) return std::nullopt;
        plan.segments.push_back({.offset = start + step * recipe.step_bytes});
      }
      ++plan.segments.back().steps;
    }
  }
  plan.segments.back().flush = true;
  return plan;
}

class DenseConv final : public ConvImpl {
 public:
  DenseConv(const ConvProblem& problem, Recipe recipe, Plan plan, const StepWeights& weights)
      : shape_(problem.shape),
        input_(problem.input),
        recipe_(std::move(recipe)),
        plan_(std::move(plan)) {
    plan_blocks();
    for (const Block& block : blocks_) pack(block, weights);
    bias_ = offset_bias(problem, recipe_.offset);
    const auto extra = static_cast<std::uint32_t>(recipe_.bias_per_step * plan_.steps);
    for (std::int32_t& bias : bias_)
      bias = static_cast<std::int32_t>(static_cast<std::uint32_t>(bias) + extra);
    bias_.resize(bias_.size() + kMaxOutputs);  // the last block may be read past its outputs
  }

  void run(const void* in, Storage storage, void* out, bool parallel) const override {
    const std::byte* image =
        recipe_.image(shape_, in, storage, {.allowed = input_, .offset = recipe_.offset});
    const std::int64_t pixels = shape_.out_height() * shape_.out_width();
    const std::int64_t tiles = (pixels + kTilePixels - 1) / kTilePixels;
    split_work(
        std::ssize(blocks_), tiles, 4, parallel && shape_.macs() >= kMacsWorthSplitting,
        [&](std::int64_t block, std::int64_t block_end, std::int64_t tile, std::int64_t end) {
          for (; block < block_end; ++block)
            run_block(blocks_[block], image, tile * kTilePixels,
                      std::min(end * kTilePixels, pixels), static_cast<std::int32_t*>(out));
        });
  }

  std::string_view name() const override { return recipe_.name; }

 private:
  void plan_blocks() {
    const std::int64_t lanes = recipe_.functions->outputs_per_vector;
    const std::int64_t fan_out = shape_.out_channels / shape_.groups;
    std::int64_t bytes = 0;
    for (std::int64_t group = 0; group < shape_.groups; ++group)
      for (std::int64_t o = 0; o < fan_out; o += kTileVectors * lanes) {
        const std::int64_t outputs = std::min(fan_out - o, kTileVectors * lanes);
        const std::int64_t vectors = (outputs + lanes - 1) / lanes;
        blocks_.push_back({group, group * fan_out + o, outputs, vectors, bytes});
        bytes += plan_.steps * vectors * lanes * recipe_.weight_bytes;
      }
    weights_.resize(bytes);
  }

  void pack(const Block& block, const StepWeights& weights) {
    const std::int64_t lanes = recipe_.functions->outputs_per_vector;
    const std::int64_t step_bytes = block.vectors * lanes * recipe_.weight_bytes;
    for (std::int64_t lane = 0; lane < block.vectors * lanes; ++lane) {
      const std::int64_t output =
          lane / lanes * lanes + recipe_.functions->output_of_lane(lane % lanes);
      if (output >= block.outputs) continue;
      std::byte* to = weights_.data() + block.weights + lane * recipe_.weight_bytes;
      for (std::int64_t step = 0; step < plan_.steps; ++step, to += step_bytes)
        recipe_.encode(weights.at(block.first_output + output, step), to);
    }
  }

  void run_block(const Block& block, const std::byte* image, std::int64_t pixel, std::int64_t end,
                 std::int32_t* out) const {
    const std::int64_t lanes = block.vectors * recipe_.functions->outputs_per_vector;
    const std::int64_t width = shape_.out_width();
    std::int32_t scratch[kTilePixels * kMaxOutputs];
    Tile tile{.segments = plan_.segments,
              .weights = weights_.data() + block.weights,
              .table = recipe_.table.data(),
              .bias = bias_.data() + block.first_output};
    image += block.group * channel_bytes(recipe_, shape_.in_channels / shape_.groups);
    out += block.first_output;
    std::int64_t oh = pixel / width, ow = pixel % width;
    while (pixel < end) {
      const int count = static_cast<int>(std::min<std::int64_t>(kTilePixels, end - pixel));
      for (int p = 0; p < count; ++p) {
        tile.windows[p] =
            image + window_offset(shape_, recipe_, oh * shape_.stride_h, ow * shape_.stride_w);
        if (++ow == width) ow = 0, ++oh;
      }
      const bool whole = lanes == block.outputs;
      std::int32_t* to = out + pixel * shape_.out_channels;
      tile.out = whole ? to : scratch;
      tile.out_stride = whole ? shape_.out_channels : lanes;
      recipe_.functions->table[count - 1][block.vectors - 1](tile);
      for (int p = 0; p < count && !whole; ++p)
        std::copy_n(scratch + p * lanes, block.outputs, to + p * shape_.out_channels);
      pixel += count;
    }
  }

  ConvShape shape_;
  IntRange input_;
  Recipe recipe_;
  Plan plan_;
  std::vector<Block> blocks_;
  std::vector<std::byte> weights_;
  std::vector<std::int32_t> bias_;
};

}  // namespace

std::unique_ptr<const ConvImpl> make_dense(const ConvProblem& problem, Recipe recipe) {
  const std::vector<Run> runs = window_runs(problem.shape);
  const StepWeights weights(problem, runs, recipe.step_elements);
  auto plan = plan_steps(problem, recipe, weights, runs);
  if (!plan || (plan->flushes > 1 && plan->steps / plan->flushes < kWorthwhileSteps))
    return nullptr;
  return std::make_unique<DenseConv>(problem, std::move(recipe), std::move(*plan), weights);
}

}  // namespace assay
