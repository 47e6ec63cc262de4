// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "support/passes.h"
#include "support/real_eval.h"

/// Small networks made by hand, and the check that every exact pass must stand.
namespace assay {

/// A network under construction.
class Net {
 public:
  Graph graph;

  Tensor* input(Shape shape, std::string_view name = "x") {
    return graph.add_input(name, std::move(shape));
  }
  Tensor* floats(Shape shape, std::vector<float> values) {
    return graph.add_constant("c", Constant(std::move(shape), std::move(values)));
  }
  Tensor* number(float value) { return floats({}, {value}); }
  Tensor* ints(Shape shape, std::vector<std::int64_t> values,
               Container container = Container::kInt64) {
    Tensor* tensor = graph.add_constant("i", Constant(std::move(shape), std::move(values)));
    tensor->container = container;
    tensor->dtype = container_type(container);
    return tensor;
  }
  template <typename OpType>
  Tensor* add(OpType op, std::vector<Tensor*> inputs, std::string_view name = "t") {
    return graph.add(std::make_unique<OpType>(std::move(op)), std::move(inputs), name);
  }
  Tensor* quant(Tensor* x, Tensor* scale, Tensor* zero, float bits, ops::Quant op = {},
                std::string_view name = "q") {
    return add(op, {x, scale, zero, number(bits)}, name);
  }
  Tensor* quant(Tensor* x, float scale, float bits, ops::Quant op = {},
                std::string_view name = "q") {
    return quant(x, number(scale), number(0), bits, op, name);
  }
  /// Ends the network: shapes, checkpoints, verification.
  Graph& finish(Tensor* output) {
    graph.add_output(output);
    infer_shapes(graph);
    mark_checkpoints(graph);
    verify(graph);
    return graph;
  }
};

/// An operator with one field set.
template <typename OpType, typename Value>
OpType with(Value OpType::*field, std::type_identity_t<Value> value) {
  OpType op;
  op.*field = std::move(value);
  return op;
}

inline ops::Quant unsigned_quant() {
  ops::Quant op;
  op.is_signed = false;
  return op;
}

inline std::string operand_text(const Tensor* tensor) {
  if (!tensor) return "-";
  if (!tensor->constant) return tensor->name;
  std::vector<std::string> values;
  for (std::int64_t i = 0; i < tensor->constant->size(); ++i)
    values.push_back(tensor->constant->real(i).str());
  return fmt::format("{}{{{}}}", shape_text(tensor->constant->shape()), fmt::join(values, ","));
}

/// One line per node: "out = Type(in, [2]{1,1/2})", constants written out.
inline std::string nodes_text(const Graph& graph) {
  std::string text;
  for (const auto& node : graph.nodes()) {
    std::vector<std::string> inputs, outputs;
    for (const Tensor* input : node->inputs) inputs.push_back(operand_text(input));
    for (const Tensor* output : node->outputs) outputs.push_back(operand_text(output));
    text += fmt::format("{} = {}({})\n", fmt::join(outputs, ", "), node->op->type(),
                        fmt::join(inputs, ", "));
  }
  return text;
}

/// Values on a grid of quarters, so that quantisers with scales of 1/4, 1/2, 1 meet many ties;
/// bytes where annotated.
inline real_eval::RealTensor random_tensor(const Tensor& tensor, std::mt19937& random) {
  real_eval::RealTensor values{*tensor.shape, {}};
  const bool bytes = tensor.dtype == DataType::uint(8);
  std::uniform_int_distribution<long> byte(0, 255), quarter(-40, 40);
  for (std::int64_t i = 0; i < element_count(*tensor.shape); ++i)
    values.values.push_back(bytes ? Real(byte(random)) : Real(mpq_class(quarter(random), 4)));
  return values;
}

inline std::map<std::string, real_eval::RealTensor> named_inputs(
    const Graph& graph, const std::vector<real_eval::RealTensor>& values) {
  std::map<std::string, real_eval::RealTensor> named;
  for (std::size_t i = 0; i < graph.inputs().size(); ++i)
    named[graph.inputs()[i]->name] = values.at(i);
  return named;
}

/// Every checkpoint of `before` holds the same integers (or reals) in `after`, on `rounds` random
/// inputs.
inline void expect_same_checkpoints(const Graph& before, const Graph& after, unsigned seed = 1,
                                    int rounds = 8) {
  ASSERT_FALSE(before.checkpoints().empty());
  std::mt19937 random(seed);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", seed, round));
    std::vector<real_eval::RealTensor> values;
    for (const Tensor* input : before.inputs()) values.push_back(random_tensor(*input, random));
    const auto expected = real_eval::checkpoint_values(before, named_inputs(before, values));
    const auto got = real_eval::checkpoint_values(after, named_inputs(after, values));
    for (const auto& [name, tensor] : expected) {
      ASSERT_TRUE(got.contains(name)) << name;
      EXPECT_EQ(got.at(name), tensor) << name;
    }
  }
}

/// Runs the pass `name`: it reports a change, keeps every checkpoint's values, and then finds
/// nothing more to do.
inline void expect_exact_change(Graph& graph, std::string_view name) {
  SCOPED_TRACE(name);
  const Graph before = graph;
  const PassInfo* pass = find_pass(name);
  ASSERT_NE(pass, nullptr);
  EXPECT_TRUE(run_pass(graph, *pass));
  expect_same_checkpoints(before, graph);
  const std::string text = to_text(graph);
  EXPECT_FALSE(run_pass(graph, *pass));
  EXPECT_EQ(to_text(graph), text);
}

/// Runs the pass `name`, which must leave the graph alone.
inline void expect_no_change(Graph& graph, std::string_view name) {
  SCOPED_TRACE(name);
  const std::string text = to_text(graph);
  EXPECT_FALSE(run_pass(graph, *find_pass(name)));
  EXPECT_EQ(to_text(graph), text);
}

/// The message of the UserError that `f` throws.
template <typename F>
std::string user_error_of(F f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no UserError";
}

}  // namespace assay
