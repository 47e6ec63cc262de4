// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: the symbolic execution that builds the integer graph. The public
// contract is compile/passes/streamline/streamline.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/refusal.h"
#include "compile/graph/graph.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/real_arrays.h"
#include "compile/passes/streamline/integer_weights.h"
#include "compile/passes/streamline/streamline.h"
#include "compile/passes/thresholds/curve.h"
#include "compile/passes/thresholds/step_function.h"

namespace assay {
struct JoinRow;
struct ThresholdRow;
}  // namespace assay

namespace assay::streamline {

/// Inclusive bounds of an integer tensor; arrays that broadcast to it.
struct Bounds {
  Shape shape;
  std::vector<std::int64_t> lo{0}, hi{0};
  static Bounds of(std::int64_t lo, std::int64_t hi) { return {{}, {lo}, {hi}}; }
  std::int64_t min() const;
  std::int64_t max() const;
};
/// The smallest bounds of shape `to` (1 or the tensor's size per axis) that hold `bounds`.
Bounds hull_over(const Bounds& bounds, const Shape& tensor, const Shape& to);

/// Whether it is an integer of at most 64 bits.
bool is_integral(const Real& value);

struct Term {
  RealArray scale;
  Tensor* tensor = nullptr;  ///< of the new graph
  /// A product with constant weights that nothing else will read: its weights may be negated.
  bool exclusive = false;
};

/// What stands for a tensor of the old graph: min(max(sum_k scale_k * T_k + offset, lower), upper),
/// or a function of one integer tensor T_0, then the pools in order.
struct Value {
  struct Pool {
    std::shared_ptr<const Op> op;
    Shape shape;
  };
  Shape shape;
  std::vector<Term> terms;  ///< at least one
  RealArray offset;
  std::optional<RealArray> lower, upper;  ///< not applied yet: a quantiser takes them
  Curve::Ptr curve;         ///< of T_0; its scale is 1 then, and there is no offset and no clamp
  std::vector<Pool> pools;  ///< max pools that commute with the quantiser to come
  std::vector<std::string> folded;  ///< nodes that are in scales, offset, lower and upper

  bool is_clamped() const { return lower || upper; }
  /// Whether it is the sum of its terms and nothing else.
  bool is_plain() const { return !is_clamped() && !curve && pools.empty(); }
};

struct Rows;
struct SolvedLine;
struct Parameters;

/// How far a pass goes.
enum class Depth : std::uint8_t { kScales, kJoins, kTail };

struct JoinLimits {
  int budget = kJoinBudget;           ///< fraction bits that a line form may take
  std::optional<int> join_bits = {};  ///< so many, even if some combinations go wrong
};

/// How many bits the exact forms may take.
struct StreamlineLimits {
  int weight_bits = kWeightBits;
  JoinLimits joins = {};
};

class Streamliner {
 public:
  /// With `refusals`, what stops a node is added to them, and its outputs are new inputs of integers.
  Streamliner(const Graph& from, Depth depth, const StreamlineLimits& limits, PassReport& report,
              std::vector<Refusal>* refusals = nullptr)
      : from_(from), depth_(depth), limits_(limits), report_(report), refusals_(refusals) {}
  Graph run();

 private:
  // ---- streamliner.cc: the graph, values, building blocks
  void plan(const Node& node);
  void plan_or_refuse(const Node& node);
  /// Why a node is refused: led back to the layer that lacks a quantiser where it is for that.
  Refusal diagnosed(const Node& node, std::string_view message);
  void refuse_unquantised();
  bool is_planned_from_integers(const Node& node);
  Value fresh_integers(const Tensor& old);
  void plan_operator(const Node& node);
  bool depends_on_input(const Tensor& tensor) const { return values_.contains(&tensor); }
  [[noreturn]] void fail(const std::string& problem, const std::string& remedy) const;
  /// The value of a dynamic input of the current node.
  Value input(std::size_t index) const;
  /// The same with clamps as integers and no pending pool.
  Value settled(std::size_t index);
  Value settle(Value value);
  void set(const Tensor* old, Value value) { values_[old] = std::move(value); }
  void set_output(Value value) { set(node_->outputs[0], std::move(value)); }

  /// A new node with one integer output, named after the node being planned.
  Tensor* add_node(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Shape& shape,
                   const Bounds& bounds);
  Tensor* add_real(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, const Shape& shape);
  Tensor* integers(std::string_view name, Shape shape, const std::vector<std::int64_t>& values);
  Tensor* reals(std::string_view name, const RealArray& array);
  Tensor* copy_constant(const Tensor& old);
  const Bounds& bounds(const Tensor* tensor) const { return bounds_.at(tensor); }
  /// factor * T, with an integer array.
  Tensor* times(Tensor* tensor, const RealArray& factor);
  Tensor* plus(Tensor* tensor, const RealArray& addend);
  Tensor* sum(Tensor* a, Tensor* b);
  /// a * b, of which one may broadcast to the other.
  Tensor* product(Tensor* a, Tensor* b);
  /// [T >= t], t an integer array.
  Tensor* indicator(Tensor* tensor, const RealArray& t);
  /// T as one integer tensor that is the value itself; null when scale or offset are no integers.
  Tensor* as_integer(const Value& value);
  /// The value as a tensor of real numbers.
  Tensor* materialise(const Value& value);
  /// The same for a tensor of the old graph, once.
  Tensor* real_tensor(const Tensor* old);
  /// x restricted from below or above, as real numbers.
  Tensor* real_clamp(Tensor* x, const Value& value);
  /// value - the part of it above `at`, as integers: at most two terms with these signs.
  void add_ramp(Value& out, const Value& value, const RealArray& at, const RealArray& sign);
  Tensor* apply_pools(Tensor* tensor, const Value& value);
  void carry_checkpoint(const Checkpoint& old);
  void finish_outputs();
  void note_constant(const Tensor& tensor, const Tensor& output);
  Value integer_output(const Value& value, const std::string& name);

  // ---- elementwise.cc
  bool plan_elementwise(const Node& node);
  void plan_add(bool subtract);
  void plan_scale();
  void plan_activation_product();
  /// A value of one term that is scale * integers where its offset allows that.
  Value without_offset(Value value);
  void plan_relu();
  void plan_clip();
  void plan_dequantize(const ops::DequantizeLinear& op);
  void shift_by(Value& value, const RealArray& addend) const;
  void scale_by(Value& value, const RealArray& factor) const;
  void clamp(Value& value, const std::optional<RealArray>& lower,
             const std::optional<RealArray>& upper) const;
  /// Adds like terms, and terms of equal scale.
  void combine(Value& value);

  // ---- curves.cc
  void plan_function(const ops::FunctionOp& op);
  /// The same value as a function of its one term.
  Value as_curve(Value value);
  /// The sum or product of two values that are functions of one tensor; nothing where they are not,
  /// or where their terms add up.
  std::optional<Value> one_variable(const Value& a, const Value& b, bool product);
  void quantise_curve(Value value, const StepFunction& f);
  static RealArray curve_rows(const Curve& curve, std::size_t rank);
  std::vector<CurveSteps> solve_curve(const Curve& curve, const Rows& rows) const;
  void emit_rise_and_fall(const Value& value, const StepFunction& f, const Rows& rows,
                          const std::vector<ThresholdRow>& ups,
                          const std::vector<ThresholdRow>& downs);

  // ---- linear.cc, pool.cc
  bool plan_linear(const Node& node);
  bool plan_pool(const Node& node);
  struct Product;
  /// One product of a term: its weights.
  struct Factor {
    Term term;
    std::vector<std::int64_t> weights;
  };
  void plan_conv(const ops::Conv& op);
  void plan_conv_transpose(const ops::ConvTranspose& op);
  void plan_matmul();
  void plan_product(const Product& product);
  /// The worst case of each output over everything that it sums up.
  struct Sums {
    std::vector<__int128> lo, hi;
  };
  Sums worst_sums(const Product& product, const Factor& factor) const;
  Bounds accumulator_bounds(const Product& product, const Factor& factor, const Shape& out) const;
  static RealArray product_scale(const Product& product, const RealArray& scale, const Shape& in,
                                 const Shape& out);
  void add_bias(const Product& product);
  std::vector<Factor> factors_of(const Term& term, const Product& product);
  std::optional<Factor> over_common_unit(const Term& term, const Product& product);
  std::vector<Term> masked_terms(const Term& term);
  IntegerConstant weights(std::size_t axis);
  void plan_sum_pool(ops::Window window, const RealArray& inverse_divisor);
  std::vector<Term> split_in_space(const Term& term);
  static RealArray window_sums(const RealArray& offset, const ops::Window& window, const Shape& in,
                               const Shape& out);
  void plan_average_pool(const ops::AveragePool& op);
  void plan_max_pool(const Op& op);

  // ---- move.cc
  bool plan_move(const Node& node);
  void plan_movement(const Node& node);
  Tensor* move_integers(const Node& node, Tensor* x);
  Tensor* output_sizes(const Node& node, const Shape& in);
  void plan_concat(const ops::Concat& op);
  Tensor* concatenate(const ops::Concat& op, const std::vector<Tensor*>& tensors,
                      const Shape& shape);
  void plan_integer_operator(const Node& node);

  // ---- quantise.cc, join.cc, tail.cc
  void plan_quantiser(StepFunction f);
  /// A quantiser that is integer thresholds on an integer already is copied; false otherwise.
  bool copy_thresholds(const Value& value, const StepFunction& f);
  void quantise_plain(Value value, const StepFunction& f);
  /// Rows of thresholds of the one term become its quantiser.
  void emit_rows(Value value, const StepFunction& f, const Rows& rows,
                 const std::vector<ThresholdRow>& solved);
  /// Outputs of thresholds: bias + scale * count.
  struct Levels {
    std::int64_t scale = 1, bias = 0;
    DataType type;
    Bounds range;
  };
  Tensor* emit_thresholds(Tensor* x, const Rows& rows, std::int64_t steps,
                          std::vector<std::int64_t> thresholds, const Levels& levels);
  void quantise_join(Value value, const StepFunction& f);
  void widest_first(Value& value);
  [[noreturn]] void fail_join(const SolvedLine& line, std::size_t channel, const JoinRow& row,
                              std::int64_t first_step) const;
  void emit_join(const Value& value, const StepFunction& f, const Rows& rows,
                 const Parameters& parameters, QuantiserReport report);
  void quantise_later(const Value& value, const StepFunction& f);
  Tensor* integers_as_reals(Tensor* y, const StepFunction& f);
  /// Makes the scales of a term non-negative.
  void make_positive(Term& term, const Shape& shape);
  bool negate_weights(Tensor* product, const RealArray& sign);
  void take_equal_ratios(Value& value);
  void check_pools(const Value& value, const StepFunction& f) const;
  void set_levels(Tensor* levels, const Value& value, const StepFunction& f);
  QuantiserReport report_for(const Value& value, const Rows& rows) const;
  void plan_top_k(const ops::TopK& op);
  Tensor* ranked(const Value& value, const Shape& rows);
  Tensor* ranked_by_search(Tensor* x, const Shape& rows, const std::vector<Real>& scales,
                           const std::vector<Real>& offsets);

  const Graph& from_;
  Depth depth_;
  StreamlineLimits limits_;
  PassReport& report_;
  std::vector<Refusal>* refusals_;  ///< null: the first one is thrown
  bool blames_layers_ = false;      ///< layers that lack a quantiser are among the refusals
  Graph to_;
  const Node* node_ = nullptr;
  std::unordered_map<const Tensor*, Value> values_;
  std::unordered_map<const Tensor*, Bounds> bounds_;
  std::unordered_map<const Tensor*, Tensor*> copies_;  ///< constants, labels, real outputs
  bool main_planned_ = false;  ///< the node that stands for the one being planned is there
  int helpers_ = 0;            ///< other new nodes for it
};

}  // namespace assay::streamline
