// SPDX-License-Identifier: Apache-2.0
// Numbers that grow without end and integers that leave their type are refused by node, quickly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

#include "compile/base/error.h"
#include "compile/graph/real.h"
#include "compile/passes/cleanup/fold_constants.h"
#include "golden/exact/executor.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string number_refusal(const std::function<void()>& action) {
  const auto begin = std::chrono::steady_clock::now();
  std::string message;
  try {
    action();
    ADD_FAILURE() << "nothing was refused";
  } catch (const UserError& error) {
    message = error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  return message;
}

/// x * (the constant after `count` nodes of `type` that each take the one before twice).
Graph chain(const std::string& type, float start, int count) {
  TestModel model;
  model.input("x", {1, 2});
  model.scalar("k0", start);
  for (int i = 0; i < count; ++i) {
    const std::string before = "k" + std::to_string(i);
    model.node(type, {before, before}, {"k" + std::to_string(i + 1)});
  }
  model.node("Mul", {"x", "k" + std::to_string(count)}, {"y"});
  model.output("y");
  return model.import();
}

const auto kTooLong =
    AllOf(HasSubstr("(Mul)"), HasSubstr("more than 16384 bits"), HasSubstr("one rounded constant"));

TEST(ExactNumbers, ThatExplodeAreRefusedByTheReference) {
  for (const float start : {1.0000001F, 1e-30F, 1e30F}) {
    const Graph graph = chain("Mul", start, 60);
    EXPECT_THAT(number_refusal([&] { ExactExecutor(graph, {ExactInput::integers(0, 255)}); }),
                kTooLong)
        << start;
  }
}

TEST(ExactNumbers, ThatExplodeAreRefusedByFolding) {
  Graph graph = chain("Mul", 1.0000001F, 60);
  PassContext context;
  EXPECT_THAT(number_refusal([&] { fold_constants(graph, context); }), kTooLong);
}

TEST(ExactNumbers, OfManySquaringsWithinTheBudgetAreExact) {
  Graph graph = chain("Mul", 1.5F, 9);
  PassContext context;
  fold_constants(graph, context);
  Real expected(mpq_class(3, 2));
  for (int i = 0; i < 9; ++i) expected *= expected;
  EXPECT_EQ(graph.find_tensor("k9")->constant->real(0), expected);
}

TEST(ExactNumbers, OfTooManyRootsAreRefused) {
  Real sum;
  const auto add_roots = [&] {
    for (long n = 2; n < 200; ++n) sum += Real::sqrt(mpq_class(n));
    sum *= sum;
  };
  EXPECT_THAT(number_refusal(add_roots), HasSubstr("square roots"));
}

TEST(ExactNumbers, ThatAreTooLongToReadAreRefused) {
  EXPECT_THAT(number_refusal([] { Real::parse(std::string(20000, '7')); }),
              HasSubstr("not an exact number"));
}

/// x [1,2] of unsigned bytes, `type` with the byte 3, and a cast to float.
Graph byte_arithmetic(const std::string& type) {
  TestModel model;
  model.input("x", {1, 2}, onnx::TensorProto::UINT8);
  model.tensor("three", {}, onnx::TensorProto::UINT8).add_int32_data(3);
  model.node(type, {"x", "three"}, {"t"});
  set(model.node("Cast", {"t"}, {"y"}), "to", std::int64_t{1});
  model.output("y");
  return model.import();
}

TEST(ExactIntegers, ThatWouldWrapAroundAreRefused) {
  for (const char* type : {"Add", "Sub", "Mul"}) {
    const Graph graph = byte_arithmetic(type);
    EXPECT_THAT(number_refusal([&] { ExactExecutor(graph, {ExactInput::integers(0, 255)}); }),
                AllOf(HasSubstr("'n0'"), HasSubstr("may leave uint8"), HasSubstr("Cast")))
        << type;
  }
  const Graph graph = byte_arithmetic("Add");
  EXPECT_NO_THROW(ExactExecutor(graph, {ExactInput::integers(0, 252)}));
}

TEST(ExactIntegers, ThatWouldBeTruncatedByADivisionAreRefused) {
  const Graph graph = byte_arithmetic("Div");
  EXPECT_THAT(number_refusal([&] { ExactExecutor(graph, {ExactInput::integers(0, 255)}); }),
              AllOf(HasSubstr("'n0' (Div)"), HasSubstr("truncates"), HasSubstr("Cast")));
}

}  // namespace
}  // namespace assay
