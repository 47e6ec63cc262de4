// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "compile/base/error.h"
#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;

Graph small() {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 2});
  Tensor* scale = graph.add_constant("scale", Constant({}, Floats{0.25F}));
  Tensor* zero = graph.add_constant("zero", Constant({}, Floats{0}));
  Tensor* bits = graph.add_constant("bits", Constant({}, Floats{4}));
  Tensor* q = graph.add(std::make_unique<ops::Quant>(), {x, scale, zero, bits}, "q");
  graph.add_output(graph.add(std::make_unique<ops::Clip>(), {q, nullptr, scale}, "y"));
  infer_shapes(graph);
  mark_checkpoints(graph);
  return graph;
}

TEST(Text, ShowsTheWholeGraph) {
  Graph graph = small();
  graph.name = "it's";
  graph.inputs()[0]->dtype = DataType::uint(8);
  graph.inputs()[0]->layout = Layout::kNC;
  const std::string digest = Constant({}, Floats{0.25F}).digest().substr(0, 8);
  const std::string text = to_text(graph);
  EXPECT_THAT(text, ::testing::StartsWith("graph 'it\\'s'\ninput %x: UINT8[1,2] NC\n"));
  EXPECT_THAT(text, HasSubstr("const %scale: FLOAT32[] = f{1/4} #" + digest + "\n"));
  EXPECT_THAT(text,
              HasSubstr("%q: FLOAT32[1,2] = Quant(%x, %scale, %zero, %bits) {signed=1 narrow=0 "
                        "rounding_mode='ROUND'} 'Quant'\n"));
  EXPECT_THAT(text, HasSubstr("%y: FLOAT32[1,2] = Clip(%q, -, %scale) 'Clip'\n"));
  EXPECT_THAT(text, HasSubstr("output %y: FLOAT32[1,2]\n"));
  EXPECT_THAT(text, HasSubstr("checkpoint 'x' input %x FLOAT32\n"));
  EXPECT_THAT(text, HasSubstr("checkpoint 'q' activation %q INT4 scale []{1/4} offset []{0}\n"));
  EXPECT_THAT(text, ::testing::EndsWith("checkpoint 'y' logits %y FLOAT32\n"));
}

TEST(Text, IsTheSameForEqualGraphs) {
  EXPECT_EQ(to_text(small()), to_text(small()));
  const Graph copy = small();
  EXPECT_EQ(to_text(copy), to_text(Graph(copy)));
}

TEST(Text, DiffersAfterEveryChange) {
  const std::vector<std::pair<std::string, std::function<void(Graph&)>>> changes = {
      {"graph name", [](Graph& g) { g.name = "other"; }},
      {"tensor name", [](Graph& g) { g.rename(g.find_tensor("q"), "r"); }},
      {"node name", [](Graph& g) { g.rename(g.find_node("Clip"), "r"); }},
      {"data type", [](Graph& g) { g.find_tensor("q")->dtype = DataType::sint(4); }},
      {"layout", [](Graph& g) { g.find_tensor("q")->layout = Layout::kNC; }},
      {"container", [](Graph& g) { g.find_tensor("q")->container = Container::kInt8; }},
      {"shape", [](Graph& g) { g.find_tensor("q")->shape.reset(); }},
      {"field", [](Graph& g) { g.find_node("Quant")->as<ops::Quant>()->narrow = true; }},
      {"operator", [](Graph& g) { g.find_node("Clip")->op = std::make_unique<ops::Resize>(); }},
      {"input", [](Graph& g) { g.set_input(g.find_node("Clip"), 1, g.find_tensor("zero")); }},
      {"-0.0", [](Graph& g) { g.find_tensor("zero")->constant = Constant({}, Floats{-0.0F}); }},
      {"one ulp",
       [](Graph& g) { g.find_tensor("scale")->constant = Constant({}, Floats{0x1.000002p-2F}); }},
      {"integers", [](Graph& g) { g.find_tensor("zero")->constant = Constant({}, Ints{0}); }},
      {"output", [](Graph& g) { g.add_output(g.find_tensor("q")); }},
      {"checkpoint name", [](Graph& g) { g.checkpoints()[1].name = "r"; }},
      {"checkpoint kind", [](Graph& g) { g.checkpoints()[1].kind = Checkpoint::Kind::kLabel; }},
      {"checkpoint scale", [](Graph& g) { g.checkpoints()[1].scale = RealArray(Real(1)); }},
      {"checkpoint offset", [](Graph& g) { g.checkpoints()[1].offset = RealArray(Real(1)); }},
      {"checkpoint type", [](Graph& g) { g.checkpoints()[1].dtype = DataType::uint(4); }},
      {"checkpoint tensor", [](Graph& g) { g.checkpoints()[1].tensor = g.find_tensor("y"); }},
      {"checkpoint unit", [](Graph& g) { g.checkpoints()[1].unit = RealArray(Real(2)); }},
      {"checkpoint shift", [](Graph& g) { g.checkpoints()[1].shift = RealArray(Real(1)); }},
      {"checkpoint order", [](Graph& g) { g.checkpoints()[1].perm = {0}; }},
      {"a checkpoint less", [](Graph& g) { g.checkpoints().pop_back(); }}};
  const std::string before = to_text(small());
  for (const auto& [what, change] : changes) {
    Graph graph = small();
    change(graph);
    EXPECT_NE(to_text(graph), before) << what;
  }
}

TEST(Text, DigestsLongConstantsAndLongScales) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 5});
  Tensor* w = graph.add_constant("w", Constant({5}, Floats{1, 2, 3, 4, 5}));
  graph.add_output(graph.add(std::make_unique<ops::Add>(), {x, w}, "y"));
  EXPECT_THAT(to_text(graph),
              HasSubstr("const %w: FLOAT32[5] = sha256:" + w->constant->digest() + "\n"));
  const std::string before = to_text(graph);
  w->constant = Constant({5}, Floats{1, 2, 3, 4, 6});
  EXPECT_NE(to_text(graph), before);
}

TEST(Text, ShowsConstantsThatAreNotFinite) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1});
  Tensor* w = graph.add_constant("w", Constant({1}, Floats{NAN}));
  graph.add_output(graph.add(std::make_unique<ops::Add>(), {x, w}, "y"));
  EXPECT_THAT(to_text(graph), HasSubstr("f{not-finite} #"));
}

TEST(Text, IsOneLinePerThingWhateverTheNames) {
  Graph graph;
  Tensor* x = graph.add_input("a\nb%\x01", {1});
  graph.add_output(graph.add(std::make_unique<ops::Relu>(), {x}, "y\r\n"));
  EXPECT_THAT(to_text(graph), HasSubstr("input %a\\x0ab%\\x01: "));
  EXPECT_EQ(std::ranges::count(to_text(graph), '\n'), 4);
  EXPECT_THAT(to_text(graph), Not(HasSubstr("\r")));
}

TEST(Op, RegistryHasEveryOperatorOnce) {
  EXPECT_EQ(op_registry().size(), 75U);
  for (const OpInfo& info : op_registry()) {
    SCOPED_TRACE(std::string(info.type));
    EXPECT_EQ(find_op(info.domain, info.type), &info);
    const auto op = info.make();
    EXPECT_EQ(op->type(), info.type);
    EXPECT_EQ(op->domain(), info.domain);
    EXPECT_LE(info.min_inputs, info.max_inputs);
    EXPECT_TRUE(same_op(*op, *op->clone()));
    EXPECT_EQ(fields_text(*op), fields_text(*op->clone()));
  }
  EXPECT_EQ(find_op("", "Quant"), nullptr);
  EXPECT_EQ(find_op("", "LSTM"), nullptr);
}

TEST(Op, SameOpComparesTypeAndFields) {
  ops::Conv a, b;
  a.window = b.window = {{3, 3}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  EXPECT_TRUE(same_op(a, b));
  b.window.pads[3] = 1;
  EXPECT_FALSE(same_op(a, b));
  EXPECT_FALSE(same_op(ops::Add(), ops::Sub()));
  ops::Gemm c, d;
  d.alpha = std::nextafter(1.0F, 2.0F);
  EXPECT_FALSE(same_op(c, d));
}

/// Hands texts to a visitor as an importer does.
class Importer final : public FieldVisitor {
 public:
  using FieldVisitor::visit;
  void visit(std::string_view, std::int64_t& value, bool) override { value = number; }
  void visit(std::string_view, float&, bool) override {}
  void visit(std::string_view, std::string& value, bool) override { value = text; }
  void visit(std::string_view, std::vector<std::int64_t>&, bool) override {}
  std::int64_t number = 0;
  std::string text;
};

TEST(Op, FieldsRefuseUnknownNamesAndBooleans) {
  using ::testing::ThrowsMessage;
  Importer importer;
  importer.text = "FLOOR\n";
  ops::Quant quant;
  EXPECT_THAT(
      [&] { quant.fields(importer); },
      ThrowsMessage<UserError>(HasSubstr("'rounding_mode' has the unknown value 'FLOOR\\x0a'")));
  importer.text = "floor";
  importer.number = 1;
  quant.fields(importer);
  EXPECT_EQ(quant.rounding_mode, RoundingMode::kFloor);
  EXPECT_TRUE(quant.narrow);
  importer.number = 2;
  EXPECT_THAT([&] { quant.fields(importer); },
              ThrowsMessage<UserError>(HasSubstr("'signed' must be 0 or 1, not 2")));
  importer.text = "INT4); import os";
  ops::MultiThreshold thresholds;
  EXPECT_THAT([&] { thresholds.fields(importer); },
              ThrowsMessage<UserError>(HasSubstr("'out_dtype' has the unknown value")));
}

}  // namespace
}  // namespace assay
