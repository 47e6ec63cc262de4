// SPDX-License-Identifier: Apache-2.0
// Element types of 2 and 4 bits.
#include <gtest/gtest.h>

#include "compile/graph/ops.h"
#include "compile/onnx/export.h"
#include "onnx/evaluate.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

constexpr int kUInt4 = 21, kInt4 = 22, kUInt2 = 25, kInt2 = 26;

Ints ints_of(const Constant& c) { return {c.ints().begin(), c.ints().end()}; }

/// A constant of packed bytes behind an Identity.
Graph packed(int type, const Ints& dims, const std::string& bytes, bool raw) {
  TestModel model;
  model.input("x", {1});
  auto& tensor = model.tensor("packed", dims, type);
  if (raw) tensor.set_raw_data(bytes);
  for (const char byte : raw ? "" : bytes) tensor.add_int32_data(static_cast<unsigned char>(byte));
  model.node("Identity", {"packed"}, {"z"});
  model.node("Identity", {"x"}, {"y"});
  model.output("y");
  model.output("z");
  return model.import();
}

TEST(ImportNarrow, ElementsAreUnpackedFromTheLowestBits) {
  for (const bool raw : {true, false}) {
    const auto values = [&](int type, const Ints& dims, const std::string& bytes) {
      return ints_of(*packed(type, dims, bytes, raw).find_tensor("packed")->constant);
    };
    // 0x87: 7, then 8, which is -8 in two's complement; the last byte is filled by half.
    EXPECT_EQ(values(kInt4, {3}, "\x87\x0f"), (Ints{7, -8, -1}));
    EXPECT_EQ(values(kUInt4, {3}, "\x87\x0f"), (Ints{7, 8, 15}));
    EXPECT_EQ(values(kInt2, {5}, "\xe4\x03"), (Ints{0, 1, -2, -1, -1}));
    EXPECT_EQ(values(kUInt2, {5}, "\xe4\x03"), (Ints{0, 1, 2, 3, 3}));
  }
}

TEST(ImportNarrow, ConstantsKeepTheNarrowType) {
  const Graph graph = packed(kInt4, {2}, "\x87", true);
  EXPECT_EQ(graph.find_tensor("packed")->container, Container::kInt8);
  EXPECT_EQ(graph.find_tensor("packed")->dtype, DataType::sint(4));
}

/// x [5] through QuantizeLinear of the type and DequantizeLinear of scale 1/2.
TestModel quantise_model(int type, std::int64_t zero, bool as_attribute = false) {
  TestModel model(21);
  model.scalar("scale", 0.5F);
  TestModel::Names parameters = {"x", "scale"};
  if (!as_attribute) {
    model.tensor("zero", {}, type).add_int32_data(static_cast<std::int32_t>(zero));
    parameters.emplace_back("zero");
  }
  model.input("x", {5});
  auto& node = model.node("QuantizeLinear", parameters, {"q"});
  if (as_attribute) set(node, "output_dtype", std::int64_t{type});
  parameters[0] = "q";
  model.node("DequantizeLinear", parameters, {"y"});
  model.output("y");
  return model;
}

TEST(ImportNarrow, QuantisersSaturateAtTheNarrowBounds) {
  // x = -100, -1/4, 1/4, 3/4, 100 in units of 1/2: ties at -1/2, 1/2 and 3/2.
  const std::vector<Ints> x = {{-400, -1, 1, 3, 400}};
  EXPECT_EQ(evaluate(quantise_model(kInt4, 0), x, 2), (Texts{"-4", "0", "0", "1", "7/2"}));
  EXPECT_EQ(evaluate(quantise_model(kUInt4, 3), x, 2), (Texts{"-3/2", "0", "0", "1", "6"}));
  EXPECT_EQ(evaluate(quantise_model(kInt2, 1), x, 2), (Texts{"-3/2", "0", "0", "0", "0"}));
  EXPECT_EQ(evaluate(quantise_model(kUInt2, 0), x, 2), (Texts{"0", "0", "0", "1", "3/2"}));
}

TEST(ImportNarrow, TheTypeCanBeAnAttribute) {
  const std::vector<Ints> x = {{-400, -1, 1, 3, 400}};
  EXPECT_EQ(evaluate(quantise_model(kInt4, 0, true), x, 2), (Texts{"-4", "0", "0", "1", "7/2"}));
  EXPECT_EQ(evaluate(quantise_model(onnx::TensorProto::INT8, 0, true), x, 2),
            (Texts{"-64", "0", "0", "1", "127/2"}));
  EXPECT_EQ(evaluate(quantise_model(onnx::TensorProto::UINT8, 0, true), x, 2),
            (Texts{"0", "0", "0", "1", "100"}));
  EXPECT_EQ(evaluate(quantise_model(onnx::TensorProto::INT16, 0, true), x, 2),
            (Texts{"-100", "0", "0", "1", "100"}));
}

TEST(ImportNarrow, TheQuantiserHasACheckpointOfTheNarrowType) {
  const Graph graph = quantise_model(kInt4, 0).import();
  EXPECT_EQ(graph.find_tensor("q")->dtype, DataType::sint(4));
  EXPECT_EQ(graph.checkpoints().back().dtype, DataType::sint(4));
  EXPECT_EQ(graph.find_tensor("q")->producer->name, "q_clip");
}

TEST(ImportNarrow, SavedGraphsAreReadBackTheSame) {
  for (const int type : {kInt4, kUInt2}) {
    const Graph graph = quantise_model(type, 1).import();
    EXPECT_EQ(to_text(import_bytes(export_bytes(graph), {}, "saved")), to_text(graph));
  }
}

TEST(ImportNarrow, InputsOfTheGraphKeepTheNarrowType) {
  TestModel model(21);
  model.input("x", {2}, kUInt4);
  model.scalar("scale", 0.5F);
  model.node("DequantizeLinear", {"x", "scale"}, {"y"});
  model.output("y");
  EXPECT_EQ(model.import().inputs()[0]->dtype, DataType::uint(4));
  EXPECT_EQ(evaluate(model, {{3, 15}}), (Texts{"3/2", "15/2"}));
}

}  // namespace
}  // namespace assay
