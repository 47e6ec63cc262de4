// SPDX-License-Identifier: Apache-2.0
// Every operator of the registry in every executor and every pass: handled, or refused by name.
#include <filesystem>
#include <functional>

#include "compile/base/file.h"
#include "compile/graph/hw_ops.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "compile/passes/cleanup/host_tail.h"
#include "golden/bounds/float_error.h"
#include "golden/exact/index_map.h"
#include "golden/floating/executor.h"
#include "passes/operator_cases.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Image = std::vector<std::int64_t>;

/// Why `f` refuses its input; nothing when it does its work. Anything but a UserError is a failure.
std::optional<std::string> why_refused(const std::function<void()>& f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

ExactExecutor exact_executor(const Graph& graph) {
  std::vector<ExactInput> inputs;
  for (const Tensor* x : graph.inputs())
    inputs.push_back(ExactInput::integers(x->dtype.min(), x->dtype.max()));
  return {graph, std::move(inputs), {.parallel = false}};
}

ExactRun exact_run(const Graph& graph, const Image& image) {
  ExactRequest request;
  request.inputs = {{image}};
  return exact_executor(graph).run(request);
}

FloatTensor as_floats(const Graph& graph, const Image& image) {
  return {*graph.inputs()[0]->shape, std::vector<float>(image.begin(), image.end())};
}

std::vector<float> float_run(const Graph& graph, const Image& image) {
  return FloatExecutor(graph).run({as_floats(graph, image)})[0].data;
}

BoundedTensor bounded_run(const Graph& graph, const Image& image) {
  const auto tensors = FloatErrorBounds(graph).evaluate({as_floats(graph, image)}, {}, {});
  return tensors.at(graph.outputs()[0]);
}

std::vector<Image> images_of(const Graph& graph) { return test_images(*graph.inputs()[0], 4); }

void expect_same_values(const Graph& before, const Graph& after, const std::vector<Image>& images) {
  Graph held = after;
  // The images are turned for a graph that takes the axes in another order, and for no other.
  if (*held.inputs()[0]->shape == *before.inputs()[0]->shape)
    held.inputs()[0]->layout = Layout::kUnknown;
  for (const auto& [name, count] : differing_elements(before, held, images))
    EXPECT_EQ(count, 0) << "checkpoint " << name << " of\n" << nodes_text(after);
}

class Operators : public ::testing::TestWithParam<const OpInfo*> {
 protected:
  void SetUp() override {
    const OperatorCase* found = find_case(*GetParam());
    ASSERT_TRUE(found) << "a new operator: make a node of it in operator_cases.cc";
    made_ = std::make_unique<OperatorNet>(*found);
    ASSERT_EQ(node().op->type(), GetParam()->type);
    ASSERT_EQ(node().op->domain(), GetParam()->domain);
  }
  const Graph& graph() { return made_->graph(); }
  const Node& node() { return *made_->node; }
  const Traits& traits() { return node().traits(); }

  /// Whether `f` does its work; a refusal has to name the node.
  bool handles(const std::function<void()>& f) {
    const auto refusal = why_refused(f);
    if (!refusal) return true;
    const auto named = [&](const auto& other) {
      return refusal->find(other->label()) != std::string::npos;
    };
    EXPECT_TRUE(std::ranges::any_of(graph().nodes(), named)) << *refusal;
    return false;
  }
  bool in_exact() {
    return handles([&] { exact_run(graph(), images_of(graph())[0]); });
  }
  bool in_float() {
    return handles([&] { float_run(graph(), images_of(graph())[0]); });
  }

 private:
  std::unique_ptr<OperatorNet> made_;
};

TEST_P(Operators, AreExecutedOrRefusedByName) {
  const bool exact = in_exact(), floating = in_float();
  const bool bounded = handles([&] { bounded_run(graph(), images_of(graph())[0]); });
  EXPECT_TRUE(exact || floating) << "nobody knows what it computes";
  if (!bounded) return;
  for (const Image& image : images_of(graph())) {
    const BoundedTensor bounds = bounded_run(graph(), image);
    const std::vector<float> values = float_run(graph(), image);
    ASSERT_EQ(values.size(), bounds.value.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_LE(std::abs(static_cast<double>(values[i]) - bounds.value[i]), bounds.error[i]);
    if (!exact) continue;
    const ExactValue real = exact_run(graph(), image).outputs[0];
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_NEAR(real.to_double(static_cast<std::int64_t>(i)), bounds.value[i], 1e-9);
  }
}

TEST_P(Operators, StayOrAreRefusedByNameInEveryPass) {
  const bool exact = in_exact();
  for (const PassInfo& pass : all_passes()) {
    SCOPED_TRACE(pass.name);
    Graph after = graph();
    if (!handles([&] { run_pass(after, pass); })) continue;
    if (exact && pass.contract == Contract::kExact)
      expect_same_values(graph(), after, images_of(graph()));
  }
}

TEST_P(Operators, ComeBackFromAFile) {
  const Graph back = import_bytes(export_bytes(graph()), "", "operator.onnx");
  EXPECT_EQ(to_text(back), to_text(graph()));
}

TEST_P(Operators, HoldWhatTheirDataTypesSay) {
  Graph typed = graph();
  run_pass(typed, *find_pass("infer_data_types"));
  const Tensor& y = *typed.outputs()[0];
  if (traits().values == Values::kAnnotated) {
    EXPECT_EQ(y.dtype, graph().outputs()[0]->dtype);
  }
  if (!y.dtype.is_integer() || !in_exact()) return;
  for (const Image& image : images_of(typed)) {
    const ExactValue value = exact_run(typed, image).outputs[0];
    for (std::int64_t i = 0; i < value.size(); ++i)
      EXPECT_TRUE(y.dtype.allows(static_cast<std::int64_t>(value.to_double(i))))
          << value.to_double(i) << " is no " << y.dtype.name();
  }
}

// ---- What the traits say, held against golden, which does not look at them --------------------

bool moves(Elements elements) { return elements <= Elements::kJoined; }

TEST_P(Operators, MoveElementsAsTheirTraitsSay) {
  const auto map = index_map(node());
  ASSERT_EQ(map.has_value(), moves(traits().elements));
  if (!map) return;
  std::vector<std::int64_t> in_order(map->source.size()), sorted = map->source;
  std::iota(in_order.begin(), in_order.end(), 0);
  std::ranges::sort(sorted);
  const Elements elements = traits().elements;
  if (elements == Elements::kSame) {
    EXPECT_EQ(map->shape, *node().inputs[0]->shape);
  }
  if (elements <= Elements::kReshaped) {
    EXPECT_EQ(map->source, in_order);
  }
  if (elements == Elements::kPermuted) {
    EXPECT_EQ(sorted, in_order);
  }
  if (elements <= Elements::kPicked) {
    EXPECT_GE(sorted[0], 0);
  }
  EXPECT_EQ(map->inputs.size() > 1, elements == Elements::kJoined);
}

TEST_P(Operators, MakeAnElementOfThoseThatTheirTraitsSay) {
  const Elements elements = traits().elements;
  if (elements != Elements::kSame && elements != Elements::kMapped &&
      elements != Elements::kParameters)
    return;
  ASSERT_EQ(*graph().outputs()[0]->shape, *graph().inputs()[0]->shape);
  if (!in_float()) return;
  const Image image(images_of(graph())[0].size(), 1);
  const std::vector<float> values = float_run(graph(), image);
  for (std::size_t i = 0; i < image.size(); ++i) {
    Image other = image;
    other[i] = 3;
    std::vector<float> others = float_run(graph(), other);
    others[i] = values[i];
    EXPECT_EQ(others, values) << "element " << i << " is not looked at by its own place alone";
  }
}

TEST_P(Operators, HoldNoOtherNumbersThanTheirTraitsSay) {
  if (traits().values != Values::kInputs) return;
  ASSERT_TRUE(in_float());
  for (const Image& image : images_of(graph()))
    for (const float y : float_run(graph(), image))
      EXPECT_THAT(image, ::testing::Contains(static_cast<std::int64_t>(y)));
}

TEST_P(Operators, OrderElementsAsTheirTraitsSay) {
  const Order order = traits().order;
  if (order == Order::kFree) return;
  ASSERT_TRUE(in_float());
  if (order == Order::kRisesRows) {
    const std::vector<float> values = float_run(graph(), {0, 1, 2, 3, 3, 2, 1, 0});
    EXPECT_TRUE(values[0] < values[1] && values[1] < values[2] && values[2] < values[3]);
    EXPECT_TRUE(values[4] > values[5] && values[5] > values[6] && values[6] > values[7]);
    return;
  }
  const auto size = images_of(graph())[0].size();
  for (std::int64_t x = 0; x < 3; ++x) {
    const auto low = float_run(graph(), Image(size, x)),
               high = float_run(graph(), Image(size, x + 1));
    for (std::size_t i = 0; i < low.size(); ++i) {
      EXPECT_LE(low[i], high[i]);
      if (order == Order::kRises) {
        EXPECT_LT(low[i], high[i]);
      }
    }
  }
}

TEST_P(Operators, KeepAxesAsTheirTraitsSay) {
  if (traits().axes != Axes::kKept) return;
  Graph laid = graph();
  laid.inputs()[0]->layout = laid.inputs()[0]->shape->size() == 2 ? Layout::kNC : Layout::kNCHW;
  run_pass(laid, *find_pass("infer_data_layouts"));
  EXPECT_EQ(laid.outputs()[0]->layout, laid.inputs()[0]->layout);
}

INSTANTIATE_TEST_SUITE_P(All, Operators, ::testing::ValuesIn(imported_operators()),
                         [](const auto& info) { return std::string(info.param->type); });

TEST(OperatorTraits, AreNotAskedByGolden) {
  const auto golden = std::filesystem::path(ASSAY_SOURCE_DIR) / "golden";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(golden))
    if (entry.is_regular_file()) {
      EXPECT_THAT(read_file(entry.path()), Not(HasSubstr("traits()"))) << entry.path();
    }
}

// ---- The table of docs/import.md --------------------------------------------------------------

std::string opsets_of(const OpInfo& info) {
  if (info.domain.empty()) return fmt::format("{}-{}", info.since, kNewestOpset);
  if (info.domain == ops::kQonnxDomain) return fmt::format("QONNX {}-{}", info.since, kNewestQonnx);
  return fmt::format("{} {}", info.domain, info.since);
}

std::string executors_of(const OperatorCase& made) {
  const OperatorNet alone(made), quantised(made, true);
  const auto runs_in = [](const OperatorNet& net, const auto& run) {
    const Graph& graph = net.net.graph;
    return !why_refused([&] { run(graph, images_of(graph)[0]); });
  };
  std::vector<std::string> names;
  const auto add = [&](std::string_view name, const auto& run) {
    if (runs_in(alone, run))
      names.emplace_back(name);
    else if (!made.ends && !made.integer && runs_in(quantised, run))
      names.push_back(fmt::format("{} before a quantiser", name));
  };
  add("exact", exact_run);
  add("float", float_run);
  add("bounds", bounded_run);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The types of the nodes that `counts` takes, each once; `otherwise` where there are none.
std::string types_of(const Graph& graph, const std::function<bool(const Node&)>& counts,
                     std::string_view otherwise) {
  std::vector<std::string> names;
  for (const Node* node : graph.topological_order())
    if (counts(*node) && std::ranges::find(names, node->op->type()) == names.end())
      names.emplace_back(node->op->type());
  return names.empty() ? std::string(otherwise) : fmt::format("{}", fmt::join(names, ", "));
}

/// Apart from what the quantiser behind the operator becomes.
std::string integer_types(const Graph& graph, bool quantises) {
  const auto counts = [](const Node& node) { return !node.as<ops::MultiThreshold>(); };
  return types_of(graph, counts, quantises ? "MultiThreshold" : "in thresholds behind it");
}

/// Apart from that, and from forks and views.
std::string layer_types(const Graph& graph) {
  const auto counts = [](const Node& node) {
    return node.op->domain() == hw::kHwDomain && !node.as<hw::Thresholding>() &&
           !node.as<hw::DuplicateStreams>();
  };
  return types_of(graph, counts, "Thresholding");
}

/// Runs the steps from `first` to `last`; false when one refuses.
bool run_steps(Graph& graph, std::string_view first, std::string_view last) {
  const auto steps = pipeline_steps();
  auto step = std::ranges::find(steps, first, &PipelineStep::name);
  PassContext context;
  const auto refusal = why_refused([&] {
    for (;; ++step) {
      if (!step->applies || step->applies(graph, context.options)) run_step(graph, *step, context);
      if (step->name == last) return;
    }
  });
  return !refusal;
}

struct OperatorForms {
  std::string integer, hardware;
};

OperatorForms forms_of(const OperatorCase& made) {
  OperatorNet net(made, !made.integer);
  Graph& graph = net.graph();
  const bool quantises = net.node->traits().quantises != Quantises::kNo;
  OperatorForms forms{"itself", "none"};
  if (made.integer) {
    run_pass(graph, *find_pass("infer_data_types"));
  } else if (run_steps(graph, "cleanup", "tail")) {
    forms.integer = integer_types(graph, quantises);
  } else {
    OperatorNet at_output(made);
    const bool host = !take_off_tail(at_output.graph()).empty();
    return {host ? "none; the host has it at an output" : "none", "none"};
  }
  if (run_steps(graph, "lower", "hw_layers")) forms.hardware = layer_types(graph);
  return forms;
}

std::string operator_rows() {
  std::string rows =
      "| operator | opsets | golden | integer form | hardware layers |\n|---|---|---|---|---|\n";
  for (const OpInfo* info : imported_operators()) {
    const OperatorCase* made = find_case(*info);
    if (!made) return "no case of " + std::string(info->type);
    const OperatorForms forms = forms_of(*made);
    rows += fmt::format("| {} | {} | {} | {} | {} |\n", info->type, opsets_of(*info),
                        executors_of(*made), forms.integer, forms.hardware);
  }
  return rows;
}

TEST(OperatorPage, IsTheTable) {
  const auto page = read_file(std::filesystem::path(ASSAY_SOURCE_DIR) / "docs" / "import.md");
  const std::string rows = operator_rows();
  EXPECT_TRUE(page.find(rows) != std::string::npos) << "docs/import.md should have these rows:\n"
                                                    << rows;
}

}  // namespace
}  // namespace assay
