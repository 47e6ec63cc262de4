// SPDX-License-Identifier: Apache-2.0
// Activation functions that are no polynomials: each is quantised behind it, and its levels are held
// against its definition in doubles, at points where those decide.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "onnx/evaluate.h"

namespace assay {
namespace {

using Real1 = std::function<double(double)>;
using Edit = std::function<void(onnx::NodeProto&)>;

constexpr double kStep = 0.03125;

/// The levels of f(q / 8) in steps of kStep, as the import has the operator.
Texts levels_of(const std::string& type, const TestModel::Ints& q, const Edit& edit,
                std::int64_t version) {
  TestModel model(version);
  model.input("x", {std::ssize(q)});
  edit(model.node(type, {"x"}, {"f"}));
  model.scalar("scale", static_cast<float>(kStep));
  model.tensor("zero", {}, onnx::TensorProto::INT8).add_int32_data(0);
  model.node("QuantizeLinear", {"f", "scale", "zero"}, {"y"});
  model.output("y");
  return evaluate(model, {q}, 3);
}

void check(
    const std::string& type, const Real1& f, const Edit& edit = [](auto&) {},
    std::int64_t version = 24) {
  SCOPED_TRACE(type);
  TestModel::Ints q;
  Texts expected;
  for (std::int64_t n = -33; n <= 33; ++n) {
    const double u = f(static_cast<double>(n) / 8) / kStep;
    if (std::fabs(u - std::floor(u) - 0.5) < 1e-9) continue;
    q.push_back(n);
    expected.push_back(std::to_string(std::clamp(std::lround(u), -128L, 127L)));
  }
  ASSERT_GT(q.size(), 40U);
  EXPECT_EQ(levels_of(type, q, edit, version), expected);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(ImportFunctions, AreThoseOfTheirDefinitions) {
  check("Exp", [](double x) { return std::exp(x); });
  check("Erf", [](double x) { return std::erf(x); });
  check("Tanh", [](double x) { return std::tanh(x); });
  check("Sigmoid", sigmoid);
  check("Softplus", [](double x) { return std::log1p(std::exp(x)); });
  check("Softsign", [](double x) { return x / (1 + std::fabs(x)); });
  check("Elu", [](double x) { return x > 0 ? x : std::expm1(x); });
  check("Celu", [](double x) { return x > 0 ? x : std::expm1(x); });
  check("Gelu", [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); });
  check("Mish", [](double x) { return x * std::tanh(std::log1p(std::exp(x))); });
  check("Swish", [](double x) { return x * sigmoid(x); });
  check("Selu", [](double x) {
    return 1.05070102214813232421875 * (x > 0 ? x : 1.67326319217681884765625 * std::expm1(x));
  });
}

TEST(ImportFunctions, HaveTheParametersOfTheFile) {
  const auto alpha = [](float value) {
    return [value](onnx::NodeProto& node) { set(node, "alpha", value); };
  };
  check(
      "Elu", [](double x) { return x > 0 ? x : 0.5 * std::expm1(x); }, alpha(0.5F));
  check(
      "Celu", [](double x) { return x > 0 ? x : 2 * std::expm1(x / 2); }, alpha(2));
  check(
      "Swish", [](double x) { return x * sigmoid(1.5 * x); }, alpha(1.5F));
  check(
      "Selu", [](double x) { return 3 * (x > 0 ? x : 0.25 * std::expm1(x)); },
      [](onnx::NodeProto& node) {
        set(node, "alpha", 0.25F);
        set(node, "gamma", 3.0F);
      });
}

TEST(ImportFunctions, LogSoftmaxOverSeveralAxesIsFlattened) {
  TestModel model(11);
  model.input("x", {2, 3, 4});
  model.output("y");
  model.node("LogSoftmax", {"x"}, {"y"});
  const Graph graph = model.import();
  EXPECT_EQ(graph.nodes().size(), 3U);
}

}  // namespace
}  // namespace assay
