// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/executor.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <mutex>
#include <numeric>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/exact/checkpoint.h"
#include "golden/exact/plan.h"

namespace assay {
namespace {

using exact::Buffers;
using exact::Planner;
using exact::Value;

ExactValue extract(const Planner& planner, const Buffers& buffers, const Value& value) {
  ExactValue out{value.shape, {}, value.offset};
  for (const Value::Term& term : value.terms)
    out.terms.push_back({term.scale, exact::read_row_major(planner, value, term.slot, buffers)});
  return out;
}

/// max(value, 0): the elements below 0 lose their integers and their offset.
void clip_at_zero(ExactValue& value) {
  std::vector<Real> offsets;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    const bool negative = value.real(i).sign() < 0;
    offsets.push_back(negative ? Real() : broadcast_element(value.offset, value.shape, i));
    for (ExactValue::Term& term : value.terms)
      if (negative) term.q[static_cast<std::size_t>(i)] = 0;
  }
  if (!is_zero(value.offset)) value.offset = RealArray(value.shape, std::move(offsets));
}

/// A float32 as mantissa * 2^exponent with an odd mantissa (0 for zero).
struct Binary {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

Binary binary_of(float value) {
  if (value == 0) return {};
  int exponent = 0;
  const float fraction = std::frexp(value, &exponent);
  auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 24));
  const int zeros = std::countr_zero(static_cast<std::uint64_t>(mantissa));
  return {mantissa / (std::int64_t{1} << zeros), exponent - 24 + zeros};
}

Real power_of_two(int n) { return Real::of(std::ldexp(1.0, n)); }

}  // namespace

std::int64_t ExactValue::size() const { return element_count(shape); }

Real ExactValue::real(std::int64_t index) const {
  Real out = broadcast_element(offset, shape, index);
  for (const Term& term : terms)
    out +=
        broadcast_element(term.scale, shape, index) * Real(term.q[static_cast<std::size_t>(index)]);
  return out;
}

double ExactValue::to_double(std::int64_t index) const { return real(index).to_double(); }

ExactInput ExactInput::integers(std::int64_t min, std::int64_t max) {
  ExactInput input;
  input.terms.push_back({RealArray(Real(1)), min, max});
  return input;
}

FloatImages exact_images(std::span<const float> values, const Shape& shape) {
  constexpr int kDigits = 40;  // of one term: leaves room for sums of many products in 63 bits
  int lowest = 1 << 20, highest = -(1 << 20);
  for (const float value : values) {
    if (!std::isfinite(value)) user_error("an input value is NaN or infinite");
    if (value == 0) continue;
    const Binary b = binary_of(value);
    lowest = std::min(lowest, b.exponent);
    highest =
        std::max(highest, b.exponent + static_cast<int>(std::bit_width(
                                           static_cast<std::uint64_t>(std::abs(b.mantissa)))));
  }
  if (lowest > highest) lowest = highest = 0;
  FloatImages out;
  std::vector<int> bases;
  for (int base = lowest; bases.empty() || base < highest; base += kDigits) bases.push_back(base);
  const auto size = static_cast<std::size_t>(element_count(shape));
  const std::size_t images = size == 0 ? 0 : values.size() / size;
  out.images.assign(images, ExactInputData(bases.size(), std::vector<std::int64_t>(size)));
  for (const int base : bases) out.input.terms.push_back({RealArray(power_of_two(base)), 0, 0});
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Binary b = binary_of(values[i]);
    for (std::size_t k = 0; k < bases.size() && b.mantissa != 0; ++k) {
      // The digits of the number that lie in [base, base + kDigits), with its sign.
      const int shift = b.exponent - bases[k];
      const std::int64_t magnitude = std::abs(b.mantissa);
      std::int64_t digits = 0;
      if (shift >= 0 && shift < kDigits)
        digits = (magnitude << shift) & ((std::int64_t{1} << kDigits) - 1);
      if (shift < 0 && shift > -25) digits = magnitude >> -shift;
      if (digits == 0) continue;
      const std::int64_t q = b.mantissa < 0 ? -digits : digits;
      out.images[i / size][k][i % size] = q;
      ExactInput::Term& term = out.input.terms[k];
      term.min = std::min(term.min, q);
      term.max = std::max(term.max, q);
    }
  }
  return out;
}

struct ExactExecutor::Plan {
  Plan(const Graph& g, std::vector<ExactInput> in, ExactOptions o)
      : graph(g), inputs(std::move(in)), options(o), planner(g, inputs) {}

  /// A buffer set of an earlier run, or a new one.
  std::unique_ptr<Buffers> acquire() {
    const std::lock_guard lock(mutex);
    if (!pool.empty()) {
      auto buffers = std::move(pool.back());
      pool.pop_back();
      return buffers;
    }
    auto buffers = std::make_unique<Buffers>(&planner.constants);
    for (std::size_t i = 0; i < planner.slots.size(); ++i)
      if (!planner.slots[i].constant)
        buffers->allocate(static_cast<int>(i), static_cast<std::size_t>(planner.slots[i].size) *
                                                   storage_bytes(planner.slots[i].storage));
    return buffers;
  }
  void release(std::unique_ptr<Buffers> buffers) {
    decisions += std::exchange(buffers->exact_decisions, 0);
    const std::lock_guard lock(mutex);
    pool.push_back(std::move(buffers));
  }

  void load_inputs(const ExactRequest& request, Buffers& buffers) const;
  void index_checkpoints();

  const Graph& graph;
  std::vector<ExactInput> inputs;
  ExactOptions options;
  Planner planner;
  std::vector<std::optional<exact::CheckpointView>> views;  ///< per checkpoint that has a value
  std::vector<std::vector<std::size_t>>
      ready;  ///< per step: the checkpoints whose integers it completes
  std::vector<std::size_t> ready_at_once;  ///< checkpoints that no step produces
  std::mutex mutex;
  std::vector<std::unique_ptr<Buffers>> pool;
  std::atomic<std::int64_t> decisions{0};
};

void ExactExecutor::Plan::index_checkpoints() {
  std::unordered_map<int, std::size_t> producer;
  for (std::size_t i = 0; i < planner.step_outputs.size(); ++i)
    producer[planner.step_outputs[i]] = i;
  ready.resize(planner.steps.size());
  views.resize(graph.checkpoints().size());
  for (std::size_t c = 0; c < graph.checkpoints().size(); ++c) {
    const auto it = planner.values.find(graph.checkpoints()[c].tensor);
    if (it == planner.values.end()) continue;
    views[c].emplace(planner, graph.checkpoints()[c]);
    std::optional<std::size_t> last;
    for (const Value::Term& term : it->second.terms)
      if (const auto step = producer.find(term.slot); step != producer.end())
        last = std::max(last.value_or(0), step->second);
    (last ? ready[*last] : ready_at_once).push_back(c);
  }
}

void ExactExecutor::Plan::load_inputs(const ExactRequest& request, Buffers& buffers) const {
  if (request.inputs.size() != planner.input_slots.size())
    user_error("the graph has {} inputs, {} were given", planner.input_slots.size(),
               request.inputs.size());
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    if (request.inputs[i].size() != planner.input_slots[i].size())
      user_error("input {} was given in another form than planned", i);
    for (std::size_t k = 0; k < request.inputs[i].size(); ++k) {
      const exact::Slot& slot = planner.slot(planner.input_slots[i][k]);
      const auto& q = request.inputs[i][k];
      if (static_cast<std::int64_t>(q.size()) != slot.size)
        user_error("input {} needs {} elements, {} were given", i, slot.size, q.size());
      for (std::int64_t e = 0; e < slot.size; ++e) {
        const std::int64_t value = q[static_cast<std::size_t>(e)];
        if (value < slot.range.min || value > slot.range.max)
          user_error("element {} of input {} is out of its range", e, i);
      }
      exact::write_row_major(planner, planner.values.at(graph.inputs()[i]),
                             planner.input_slots[i][k], q, buffers);
    }
  }
}

ExactExecutor::ExactExecutor(const Graph& graph, std::vector<ExactInput> inputs,
                             ExactOptions options) {
  if (inputs.size() != graph.inputs().size())
    user_error("the graph has {} inputs, {} were described", graph.inputs().size(), inputs.size());
  plan_ = std::make_unique<Plan>(graph, std::move(inputs), options);
  plan_->planner.plan();
  plan_->index_checkpoints();
}

ExactExecutor::~ExactExecutor() = default;
ExactExecutor::ExactExecutor(ExactExecutor&&) noexcept = default;

ExactRun ExactExecutor::run(const ExactRequest& request) const {
  Plan& plan = *plan_;
  const auto& checkpoints = plan.graph.checkpoints();
  std::unique_ptr<Buffers> buffers = plan.acquire();
  buffers->parallel = plan.options.parallel;
  plan.load_inputs(request, *buffers);
  ExactRun run;
  run.checkpoints.resize(request.checkpoints ? checkpoints.size() : 0);
  for (std::size_t c = 0; c < run.checkpoints.size(); ++c)
    run.checkpoints[c].checkpoint = &checkpoints[c];
  const auto reached = [&](const std::vector<std::size_t>& which) {
    for (const std::size_t c : which) {
      if (request.checkpoints) run.checkpoints[c] = plan.views[c]->value(plan.planner, *buffers);
      if (!request.forced || checkpoints[c].kind != Checkpoint::Kind::kActivation) continue;
      if (const auto it = request.forced->find(checkpoints[c].name); it != request.forced->end())
        plan.views[c]->force(plan.planner, it->second, *buffers);
    }
  };
  reached(plan.ready_at_once);
  for (std::size_t i = 0; i < plan.planner.steps.size(); ++i) {
    plan.planner.steps[i]->run(*buffers);
    if (!plan.ready[i].empty()) reached(plan.ready[i]);
  }
  for (const Tensor* output : plan.graph.outputs())
    run.outputs.push_back(extract(plan.planner, *buffers, plan.planner.values.at(output)));
  if (request.keep_all)
    for (const auto& [tensor, value] : plan.planner.values) {
      if (tensor->is_constant() || value.formula) continue;
      ExactValue kept = extract(plan.planner, *buffers, value);
      if (value.relu) clip_at_zero(kept);
      run.values.emplace(tensor, std::move(kept));
    }
  plan.release(std::move(buffers));
  return run;
}

std::vector<ExactNodeInfo> ExactExecutor::node_infos() const {
  std::vector<ExactNodeInfo> out;
  const Planner& planner = plan_->planner;
  for (std::size_t i = 0; i < planner.steps.size(); ++i) {
    const IntRange range = planner.range(planner.step_outputs[i]);
    out.push_back({planner.step_nodes[i], planner.steps[i]->kernel(), range.min, range.max});
  }
  return out;
}

std::int64_t ExactExecutor::exact_decisions() const { return plan_->decisions; }

std::vector<std::int64_t> top_k(const ExactValue& value, std::int64_t k) {
  std::vector<Real> reals;
  for (std::int64_t i = 0; i < value.size(); ++i) reals.push_back(value.real(i));
  std::vector<std::int64_t> order(reals.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
    return reals[static_cast<std::size_t>(b)] < reals[static_cast<std::size_t>(a)];
  });
  order.resize(static_cast<std::size_t>(std::min<std::int64_t>(k, value.size())));
  return order;
}

}  // namespace assay
