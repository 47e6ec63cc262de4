// SPDX-License-Identifier: Apache-2.0
// Real exports of several tools. They lie outside the repository; without them these tests skip.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "compile/graph/ops.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

fs::path zoo() { return fs::path(ASSAY_SHARED_DIR) / "zoo"; }

std::vector<fs::path> zoo_models() {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(zoo(), error))
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

std::map<std::string, int> histogram(const Graph& graph) {
  std::map<std::string, int> counts;
  for (const auto& node : graph.nodes()) ++counts[std::string(node->op->type())];
  return counts;
}

#define SKIP_WITHOUT(paths) \
  if ((paths).empty()) GTEST_SKIP() << "no models below " << ASSAY_SHARED_DIR << "/zoo"

/// What the files hold, counted with another reader.
const std::map<std::string, std::map<std::string, int>> kExpected = {
    {"cnv_w1a1/model.qonnx.onnx",
     {{"BatchNormalization", 8},
      {"BipolarQuant", 17},
      {"Conv", 6},
      {"Flatten", 1},
      {"MatMul", 3},
      {"MaxPool", 2},
      {"Quant", 1},
      {"Transpose", 3}}},
    {"dialects/brevitas-0.8.0-qonnx/model.onnx",
     {{"Add", 1},
      {"AveragePool", 1},
      {"BatchNormalization", 3},
      {"Conv", 3},
      {"Flatten", 1},
      {"Gemm", 1},
      {"Identity", 4},
      {"Mul", 1},
      {"Pad", 1},
      {"Quant", 11},
      {"Relu", 3},
      {"Trunc", 1}}},
    {"dialects/brevitas-0.10.2-qonnx/model.onnx",
     {{"Add", 1},
      {"AveragePool", 1},
      {"BatchNormalization", 3},
      {"Conv", 3},
      {"Flatten", 1},
      {"Gemm", 1},
      {"Identity", 4},
      {"Mul", 1},
      {"Pad", 1},
      {"Quant", 11},
      {"Relu", 3},
      {"Trunc", 1}}},
    {"dialects/brevitas-0.12.1-qcdq/model.onnx",
     {{"Add", 1},
      {"AveragePool", 1},
      {"BatchNormalization", 3},
      {"Clip", 10},
      {"Conv", 3},
      {"DequantizeLinear", 12},
      {"Flatten", 1},
      {"Gemm", 1},
      {"Identity", 4},
      {"Pad", 1},
      {"QuantizeLinear", 7},
      {"Relu", 3}}},
    {"dialects/brevitas-0.12.1-qonnx/model.onnx",
     {{"Add", 1},
      {"AveragePool", 1},
      {"BatchNormalization", 3},
      {"Conv", 3},
      {"Flatten", 1},
      {"Gemm", 1},
      {"Identity", 4},
      {"Pad", 1},
      {"Quant", 11},
      {"Relu", 3},
      {"Trunc", 1}}},
    {"mobilenet_w4a4/model.qcdq.onnx",
     {{"BatchNormalization", 11},
      {"Clip", 23},
      {"Conv", 11},
      {"DequantizeLinear", 24},
      {"Flatten", 1},
      {"Gemm", 1},
      {"GlobalAveragePool", 1},
      {"QuantizeLinear", 12},
      {"Relu", 11}}},
    {"mobilenet_w4a4/model.qonnx.onnx",
     {{"BatchNormalization", 11},
      {"Conv", 11},
      {"Flatten", 1},
      {"Gemm", 1},
      {"GlobalAveragePool", 1},
      {"Quant", 24},
      {"Relu", 11}}},
    {"resnet18norm_w2a2/model.qcdq.onnx",
     {{"Add", 8},
      {"BatchNormalization", 20},
      {"Clip", 38},
      {"Conv", 20},
      {"DequantizeLinear", 38},
      {"Flatten", 1},
      {"Gemm", 1},
      {"GlobalAveragePool", 1},
      {"Identity", 32},
      {"QuantizeLinear", 17},
      {"Relu", 17}}},
    {"resnet18norm_w2a2/model.qonnx.onnx",
     {{"Add", 8},
      {"BatchNormalization", 20},
      {"Conv", 20},
      {"Flatten", 1},
      {"Gemm", 1},
      {"GlobalAveragePool", 1},
      {"Identity", 32},
      {"Quant", 38},
      {"Relu", 17}}},
    {"resnet8_w4a4/model.qcdq.onnx",
     {{"Add", 3},
      {"BatchNormalization", 9},
      {"Clip", 17},
      {"Conv", 9},
      {"DequantizeLinear", 18},
      {"Flatten", 1},
      {"Gemm", 1},
      {"GlobalAveragePool", 1},
      {"Identity", 2},
      {"QuantizeLinear", 8},
      {"Relu", 7}}},
    {"resnet8_w4a4/model.qonnx.onnx",
     {{"Add", 3},
      {"BatchNormalization", 9},
      {"Conv", 9},
      {"Flatten", 1},
      {"Gemm", 1},
      {"GlobalAveragePool", 1},
      {"Identity", 2},
      {"Quant", 18},
      {"Relu", 7}}},
    {"tfc_w1a1/model.qonnx.onnx",
     {{"Add", 1},
      {"BatchNormalization", 3},
      {"BipolarQuant", 8},
      {"Concat", 1},
      {"Div", 1},
      {"Gather", 1},
      {"MatMul", 4},
      {"Mul", 2},
      {"Pow", 1},
      {"Reshape", 1},
      {"Shape", 1},
      {"Sub", 2},
      {"Transpose", 4},
      {"Unsqueeze", 1}}},
    {"tfc_w2a2/model.qonnx.onnx",
     {{"Add", 1},
      {"BatchNormalization", 3},
      {"Concat", 1},
      {"Div", 1},
      {"Gather", 1},
      {"MatMul", 4},
      {"Mul", 2},
      {"Pow", 1},
      {"Quant", 8},
      {"Reshape", 1},
      {"Shape", 1},
      {"Sub", 2},
      {"Transpose", 4},
      {"Unsqueeze", 1}}},
};

/// Activation quantisers, the input and the logits.
const std::map<std::string, std::size_t> kCheckpoints = {
    {"cnv_w1a1/model.qonnx.onnx", 11},
    {"resnet8_w4a4/model.qonnx.onnx", 10},
    {"resnet8_w4a4/model.qcdq.onnx", 10},
    {"resnet18norm_w2a2/model.qonnx.onnx", 19},
};

TEST(Zoo, EveryModelImportsWithItsNodes) {
  SKIP_WITHOUT(zoo_models());
  for (const auto& [name, nodes] : kExpected) {
    SCOPED_TRACE(name);
    const Graph graph = import_model(zoo() / name);
    EXPECT_EQ(histogram(graph), nodes);
    for (const auto& tensor : graph.tensors()) EXPECT_TRUE(tensor->shape) << tensor->name;
    ASSERT_EQ(graph.inputs().size(), 1) << "parameters are no inputs";
    const auto it = kCheckpoints.find(name);
    if (it != kCheckpoints.end()) {
      EXPECT_EQ(graph.checkpoints().size(), it->second);
    }
  }
}

TEST(Zoo, EveryModelIsExpected) {
  SKIP_WITHOUT(zoo_models());
  for (const fs::path& path : zoo_models())
    EXPECT_TRUE(kExpected.contains(fs::relative(path, zoo()).string())) << path;
}

TEST(Zoo, TruncHasTheVersionOfItsFile) {
  SKIP_WITHOUT(zoo_models());
  const auto version = [](const char* name) {
    const Graph graph = import_model(zoo() / name);
    for (const auto& node : graph.nodes())
      if (const auto* trunc = node->as<ops::Trunc>()) return trunc->version;
    return std::int64_t{0};
  };
  EXPECT_EQ(version("dialects/brevitas-0.8.0-qonnx/model.onnx"), 1);
  EXPECT_EQ(version("dialects/brevitas-0.10.2-qonnx/model.onnx"), 1);
  EXPECT_EQ(version("dialects/brevitas-0.12.1-qonnx/model.onnx"), 2);
}

TEST(Zoo, RoundTripIsTheIdentity) {
  const auto paths = zoo_models();
  SKIP_WITHOUT(paths);
  for (const fs::path& path : paths) {
    SCOPED_TRACE(path.string());
    const Graph graph = import_model(path);
    const std::string bytes = export_bytes(graph);
    const Graph again = import_bytes(bytes, {}, "round trip");
    EXPECT_EQ(to_text(again), to_text(graph));
    EXPECT_EQ(export_bytes(again), bytes) << "equal graphs have equal bytes";
  }
}

}  // namespace
}  // namespace assay
