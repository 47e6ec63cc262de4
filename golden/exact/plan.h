// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: what a plan is made of. The public contract is
// golden/exact/executor.h.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compile/base/error.h"
#include "compile/graph/graph.h"
#include "compile/graph/ops.h"
#include "golden/exact/executor.h"
#include "golden/exact/real_array.h"
#include "golden/kernels/conv.h"

namespace assay::exact {

using SlotId = int;

/// Integers of one tensor in memory. Their order belongs to the value that uses them: by default
/// tensors of rank >= 3 lie with axis 1 (channels) innermost, all others row-major; with `last`
/// (see Value) every tensor lies row-major, which is how NHWC keeps its channels innermost.
struct Slot {
  Shape shape;
  Storage storage = Storage::kI64;
  IntRange range;
  bool constant = false;  ///< filled while planning
  std::int64_t size = 0;
};

/// Where element `logical` (row-major) of a tensor of `shape` lies.
inline std::int64_t physical_index(const Shape& shape, std::int64_t logical, bool last = false) {
  if (last || shape.size() < 3) return logical;
  const std::int64_t channels = shape[1];
  std::int64_t inner = 1;
  for (std::size_t i = 2; i < shape.size(); ++i) inner *= shape[i];
  const std::int64_t s = logical % inner, c = logical / inner % channels,
                     n = logical / inner / channels;
  return (n * inner + s) * channels + c;
}

/// The steps in memory along each axis.
std::vector<std::int64_t> memory_strides(const Shape& shape, bool last);

/// The innermost axis in memory (0 for a scalar) and its size.
inline std::size_t lane_axis(const Shape& shape, bool last = false) {
  if (shape.empty()) return 0;
  return last || shape.size() < 3 ? shape.size() - 1 : 1;
}
inline std::int64_t lane_count(const Shape& shape, bool last = false) {
  return shape.empty() ? 1 : shape[lane_axis(shape, last)];
}

/// Whether a tensor of this layout is kept with its last axis innermost; `otherwise` where the
/// layout does not say.
bool wants_last(Layout layout, bool otherwise);

Storage storage_for(IntRange range);

/// Calls f(static_cast<T*>(data)) with the element type of `storage`, const when data is.
template <typename Void, typename F>
decltype(auto) with_type(Storage storage, Void* data, F&& f) {
  constexpr bool kConst = std::is_const_v<Void>;
  const auto as = [&]<typename T>(T) {
    return static_cast<std::conditional_t<kConst, const T*, T*>>(data);
  };
  switch (storage) {
    case Storage::kU8:
      return f(as(std::uint8_t{}));
    case Storage::kI8:
      return f(as(std::int8_t{}));
    case Storage::kI16:
      return f(as(std::int16_t{}));
    case Storage::kI32:
      return f(as(std::int32_t{}));
    case Storage::kI64:
      break;
  }
  return f(as(std::int64_t{}));
}

std::int64_t load(Storage storage, const void* data, std::int64_t index);
void store(Storage storage, void* data, std::int64_t index, std::int64_t value);

/// The memory of one run. Constant slots are read from the plan's own buffers.
class Buffers {
 public:
  explicit Buffers(const Buffers* constants = nullptr) : constants_(constants) {}
  void* data(SlotId id) { return own_[static_cast<std::size_t>(id)].get(); }
  const void* read(SlotId id) const {
    const auto i = static_cast<std::size_t>(id);
    return i < own_.size() && own_[i] ? own_[i].get() : constants_->read(id);
  }
  void allocate(SlotId id, std::size_t bytes);
  bool parallel = true;
  std::int64_t exact_decisions = 0;

 private:
  std::vector<std::unique_ptr<std::byte[]>> own_;
  const Buffers* constants_;
};

/// One piece of integer work.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(Buffers& buffers) const = 0;
  virtual std::string kernel() const = 0;
};

struct Formula;

/// A tensor's value as the plan knows it: sum_k scale_k * slot_k + offset, maximum with 0 when
/// `relu`; or a formula over such sums.
struct Value {
  struct Term {
    RealArray scale;
    SlotId slot = -1;
  };
  Shape shape;
  std::vector<Term> terms;
  RealArray offset;
  bool relu = false;  ///< not applied yet: a quantiser that follows takes it into its lower bound
  bool last = false;  ///< the slots lie row-major: the last axis is innermost (see Slot)
  /// Instead of terms and offset: real numbers that are no such sum. Only quantisers, further
  /// formulas and movements take it.
  std::shared_ptr<const Formula> formula = nullptr;
};

/// The tables of a plan; ExactExecutor::Plan adds what a run needs around it.
class Planner {
 public:
  Planner(const Graph& graph, const std::vector<ExactInput>& inputs);

  /// Plans the whole graph.
  void plan();

  std::vector<Slot> slots;
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<std::string> step_nodes;  ///< the node each step belongs to
  std::vector<SlotId> step_outputs;
  std::unordered_map<const Tensor*, Value> values;
  std::vector<std::vector<SlotId>> input_slots;  ///< per graph input, per term
  Buffers constants;

  // Building blocks, used by the per-operator planners
  // -----------------------------------------------------------------

  SlotId add_slot(const Shape& shape, IntRange range);
  /// Appends a step, or runs it at once when everything that it reads is constant.
  void emit(std::unique_ptr<Step> step, const std::vector<SlotId>& reads,
            const std::vector<SlotId>& writes);
  /// A constant slot; `values` row-major.
  SlotId constant_slot(const Shape& shape, const std::vector<std::int64_t>& values);
  /// The integers of a constant term of `value`, row-major.
  std::vector<std::int64_t> constant_values(const Value& value, SlotId slot) const;
  const Slot& slot(SlotId id) const { return slots[static_cast<std::size_t>(id)]; }
  IntRange range(SlotId id) const { return slot(id).range; }

  /// The value of an input of the node being planned, with a pending relu applied.
  Value input(std::size_t index) { return ordered(any_input(index), false); }
  /// The same, with a pending relu left in place.
  Value raw_input(std::size_t index) { return ordered(raw_any_input(index), false); }
  /// The same two in whatever order they lie (Value::last).
  Value any_input(std::size_t index);
  Value raw_any_input(std::size_t index);
  /// The same value in another order.
  Value ordered(const Value& value, bool last);
  /// The value of an input as it is: with a pending relu, in whatever order, perhaps a formula.
  Value any_value(std::size_t index);
  /// An input that must be a constant, as exact numbers (broadcast shape as in the graph).
  RealArray parameter(std::size_t index);
  const Constant& constant(std::size_t index);
  bool is_read(const Tensor& tensor) const;  ///< by a node, or put out
  bool has_input(std::size_t index) const;
  void set_output(Value value, std::size_t index = 0);
  const Shape& output_shape(std::size_t index = 0) const;
  const Node& node() const { return *node_; }
  [[noreturn]] void fail(const std::string& message) const;
  /// The same for an input that is no constant and has to be one.
  [[noreturn]] void fail_computed(std::size_t index) const;

  /// Moves elements: output element i comes from element source[i] of the concatenated `parts`, or
  /// is the constant `padding`. `last`: the order of the result.
  Value gather(const std::vector<Value>& parts, const std::vector<std::int64_t>& source,
               const Shape& shape, const Real& padding, bool last = false);
  Value broadcast(const Value& value, const Shape& shape, bool last = false);
  /// The value with its axes in the order of NCHW (`last` false) or NHWC (true), from the other
  /// one: a view of the same memory.
  Value channels_moved(const Value& value, bool last);
  /// A row-major value read in another shape: a view of the same memory.
  Value reshaped(const Value& value, const Shape& shape);
  Value apply_relu(const Value& value);
  /// Splits terms so that each has one scale per entry of its innermost axis within blocks of
  /// `block` lanes (0: one scale in all).
  std::vector<Value::Term> uniform_terms(const Value& value, std::int64_t block);
  bool is_constant(const Value& value) const;
  /// A large float constant as integers with power-of-two scales.
  Value constant_value(const Constant& constant);

 private:
  void plan_node(const Node& node);
  bool plan_move(const Node& node);
  const Graph& graph_;
  const std::vector<ExactInput>& inputs_;
  const Node* node_ = nullptr;
};

/// Plans the current node when it belongs to the family; false otherwise.
bool plan_elementwise(Planner& planner, const Node& node);  ///< elementwise.cc
bool plan_linear(Planner& planner,
                 const Node& node);  ///< products.cc: convolutions, products, averages
bool plan_quantiser(Planner& planner, const Node& node);  ///< quantise.cc
bool plan_format(Planner& planner,
                 const Node& node);  ///< formats.cc: thresholds, floating-point formats
bool plan_selection(Planner& planner,
                    const Node& node);  ///< select.cc: max pools, clips, top-k
/// A bound of Clip; nothing where there is none or it is no bound.
std::optional<Real> clip_bound(Planner& planner, std::size_t index);
/// 1 over the constant that the node divides by.
RealArray inverse_divisor(Planner& planner);
/// The max pool of a value in NCHW; a pending relu stays.
Value max_pool(Planner& planner, Value x, const Shape& shape, ops::Window window);
bool plan_function(Planner& planner, const Node& node);  ///< formula.cc: exp, erf, tanh ...
bool plan_hardware(Planner& planner, const Node& node);  ///< golden/hw: hardware layers

/// How a real u becomes an integer.
struct Decision {
  enum class Kind { kRound, kSign, kTernarySign };
  Kind kind = Kind::kRound;
  RoundingMode mode = RoundingMode::kHalfEven;
  std::int64_t lo = 0, hi = 0;  ///< the result is clamped to these
  std::int64_t post = 0;        ///< added after rounding and before clamping
};

/// A fresh slot with round(x * factor + b), decided exactly. `x` may be a formula.
SlotId emit_decision(Planner& planner, const Value& x, const RealArray& factor, const RealArray& b,
                     const Decision& decision);
/// A fresh slot with round(sum_k a_k q_k + b), decided exactly.
SlotId emit_decision(Planner& planner, const Shape& shape, const std::vector<Value::Term>& terms,
                     const RealArray& b, const Decision& decision, bool last = false);
/// Rounds an exact real.
mpz_class round_exactly(const Real& value, RoundingMode mode);
/// Inclusive integer bounds of sum_k a_k q_k + b; nothing beyond 2^62.
IntRange value_bounds(const Planner& planner, const Shape& shape,
                      const std::vector<Value::Term>& terms, const RealArray& b);

/// Approximates sum_k a_k q_k + b in double with proved bounds; the exact value on demand. Shared
/// by every deciding step.
class Sum {
 public:
  Sum(const Planner& planner, const Shape& shape, const std::vector<Value::Term>& terms,
      const RealArray& b, bool last = false);

  /// Values of elements [base + offset, base + offset + count) in memory order. base is a multiple
  /// of period(), and the elements lie within one period.
  void approximate(const Buffers& buffers, std::int64_t base, std::int64_t offset,
                   std::int64_t count, double* out) const;
  /// Bounds on |approximate - exact| of the same elements; 0 where double arithmetic does not
  /// round. Points into this object or to `scratch`, which has room for `count`.
  const double* errors(std::int64_t base, std::int64_t offset, std::int64_t count,
                       double* scratch) const;
  /// Element e in memory order.
  Real exact(const Buffers& buffers, std::int64_t e) const;
  int exact_sign(const Buffers& buffers, std::int64_t e) const;
  bool always_exact() const { return exact_arithmetic_; }
  /// Elements after which the coefficients repeat: work in blocks of this size, starting at its
  /// multiples.
  std::int64_t period() const { return period_; }
  std::int64_t size() const { return size_; }
  double bound() const { return bound_; }  ///< on |value|

 private:
  /// How coefficients repeat: one per lane, one per entry of the outermost axis, or one per
  /// element.
  enum class Mode { kLane, kOuter, kFull };
  struct Term {
    SlotId slot;
    Storage storage;
    std::vector<double> scale;
    std::vector<Real> exact_scale;
  };
  struct Reach;
  void choose_mode(const Shape& shape, const std::vector<Value::Term>& terms, const RealArray& b,
                   bool last);
  void bound_errors(const Reach& reach);
  void repeat_lanes();
  std::size_t coefficient(std::int64_t e) const;
  std::vector<Term> terms_;
  std::vector<double> offset_;
  std::vector<Real> exact_offset_;
  std::vector<double> error_;
  std::int64_t size_ = 0, lanes_ = 1, period_ = 1;
  Mode mode_ = Mode::kLane;
  bool exact_arithmetic_ = false;
  double bound_ = 0;
};

}  // namespace assay::exact
