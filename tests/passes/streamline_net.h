// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/passes/streamline/streamline.h"
#include "golden/exact/executor.h"
#include "passes/integer_net.h"

/// Networks of pixels and real parameters made by hand, streamlined and compared stage by stage.
namespace assay {

/// A network under construction whose input holds integers.
class PixelNet : public Net {
 public:
  Tensor* pixels(Shape shape, DataType dtype = DataType::uint(8), std::string_view name = "x") {
    Tensor* x = input(std::move(shape), name);
    x->dtype = dtype;
    return x;
  }
  /// One number per channel of a tensor of rank `rank`.
  Tensor* per_channel(std::vector<float> values, std::size_t rank = 4) {
    Shape shape(rank, 1);
    shape[1] = static_cast<std::int64_t>(values.size());
    return floats(std::move(shape), std::move(values));
  }
  Tensor* random_floats(Shape shape, int lo, int hi, std::mt19937& random) {
    std::vector<float> values;
    std::uniform_int_distribution<int> pick(lo, hi);
    for (std::int64_t i = 0; i < element_count(shape); ++i)
      values.push_back(static_cast<float>(pick(random)));
    return floats(std::move(shape), std::move(values));
  }
  Tensor* relu_quant(Tensor* x, float scale, float bits, std::string_view name = "q") {
    return quant(x, scale, bits, unsigned_quant(), name);
  }
  Tensor* shape_of(std::vector<std::int64_t> values) {
    const Shape shape{static_cast<std::int64_t>(values.size())};
    return ints(shape, std::move(values));
  }
  /// Entry `place` of an axis, which stays.
  Tensor* entry(Tensor* x, std::int64_t axis, std::int64_t place) {
    ops::Gather op;
    op.axis = axis;
    return add(op, {x, ints({1}, {place})});
  }
  /// gamma * (x - mean) / sqrt(var) + beta, with epsilon 0.
  Tensor* batch_norm(Tensor* x, std::vector<float> gamma, std::vector<float> beta,
                     std::vector<float> mean, std::vector<float> var) {
    const Shape shape{static_cast<std::int64_t>(gamma.size())};
    ops::BatchNormalization op;
    op.epsilon = 0;
    return add(op, {x, floats(shape, std::move(gamma)), floats(shape, std::move(beta)),
                    floats(shape, std::move(mean)), floats(shape, std::move(var))});
  }
};

/// Every value of the input's type, in all places at once, and `rounds` random images.
inline std::vector<std::vector<std::int64_t>> test_images(const Tensor& input, int rounds = 24,
                                                          unsigned seed = 1) {
  const auto size = static_cast<std::size_t>(element_count(*input.shape));
  std::vector<std::vector<std::int64_t>> images;
  for (std::int64_t value = input.dtype.min(); value <= input.dtype.max(); ++value)
    images.emplace_back(size, value);
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::int64_t> pick(input.dtype.min(), input.dtype.max());
  for (int round = 0; size > 1 && round < rounds; ++round) {
    images.emplace_back();
    for (std::size_t i = 0; i < size; ++i) images.back().push_back(pick(random));
  }
  return images;
}

/// How many elements of the checkpoints of `before` are something else in `after`.
inline std::map<std::string, std::int64_t> differing_elements(
    const Graph& before, const Graph& after, const std::vector<std::vector<std::int64_t>>& images) {
  const auto executor = [](const Graph& graph) {
    std::vector<ExactInput> inputs;
    for (const Tensor* x : graph.inputs())
      inputs.push_back(ExactInput::integers(x->dtype.min(), x->dtype.max()));
    return ExactExecutor(graph, std::move(inputs), {.parallel = false});
  };
  const ExactExecutor a = executor(before), b = executor(after);
  std::map<std::string, std::int64_t> differing;
  for (const auto& image : images) {
    ExactRequest request_a, request_b;
    request_a.inputs = {{image}};
    request_b.inputs = {{as_input(*after.inputs()[0], image)}};
    std::map<std::string, CheckpointValue> got;
    for (CheckpointValue& value : b.run(request_b).checkpoints)
      got.emplace(value.checkpoint->name, std::move(value));
    for (const CheckpointValue& value : a.run(request_a).checkpoints) {
      std::int64_t& count = differing[value.checkpoint->name];
      const auto it = got.find(value.checkpoint->name);
      if (it == got.end() || it->second.q.size() != value.q.size()) {
        ++count;
        continue;
      }
      for (std::size_t i = 0; i < value.q.size(); ++i) count += value.q[i] != it->second.q[i];
      for (std::int64_t i = 0; value.q.empty() && i < value.value.size(); ++i)
        count += value.value.real(i) == it->second.value.real(i) ? 0 : 1;
    }
  }
  return differing;
}

inline void expect_same_on_images(const Graph& before, const Graph& after) {
  for (const auto& [name, count] :
       differing_elements(before, after, test_images(*before.inputs()[0])))
    EXPECT_EQ(count, 0) << "checkpoint " << name << " of\n" << nodes_text(after);
}

struct Streamlined {
  Graph graph;
  PassReport report;

  /// The only quantiser's report, or the one of checkpoint `name`.
  const QuantiserReport& quantiser(std::string_view name = "") const {
    for (const QuantiserReport& report_of_one : report.quantisers)
      if (name.empty() || report_of_one.checkpoint == name) return report_of_one;
    throw std::runtime_error("no quantiser " + std::string(name));
  }
};

/// The first output on one image, as text.
inline std::vector<std::string> output_of(const Graph& graph,
                                          const std::vector<std::int64_t>& image) {
  const auto output =
      std::ranges::find(graph.checkpoints(), graph.outputs()[0], &Checkpoint::tensor);
  return checkpoint_texts(graph, image).at(output->name);
}

/// Cleans up and streamlines in the order of the stages; after each step every checkpoint must hold
/// what it held in `imported`, and after the last no real number may be left.
inline Streamlined streamlined(const Graph& imported, const PassOptions& options = {}) {
  Streamlined out{imported, {}};
  clean_up(out.graph);
  PassContext context{.options = options};
  const auto check = [&](const char* step) {
    SCOPED_TRACE(step);
    verify(out.graph);
    expect_same_on_images(imported, out.graph);
  };
  absorb_scales(out.graph, context);
  check("absorb_scales");
  residual_sums(out.graph, context);
  check("residual_sums");
  integer_tail(out.graph, context);
  check("integer_tail");
  EXPECT_EQ(user_error_of([&] { verify_integer(out.graph); }), "no UserError");
  out.report = std::move(context.report);
  return out;
}

/// The thresholds of the quantiser that carries checkpoint `name`, row by row.
inline std::vector<std::int64_t> thresholds_of(const Graph& graph, std::string_view name = "q") {
  for (const Checkpoint& checkpoint : graph.checkpoints()) {
    if (checkpoint.name != name || !checkpoint.tensor->producer) continue;
    const Node& node = *checkpoint.tensor->producer;
    const Constant& t = *node.inputs[node.as<ops::MultiThreshold>() ? 1 : 0]->constant;
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < t.size(); ++i) values.push_back(t.real(i).floor().get_si());
    return values;
  }
  return {};
}

/// The operators of a graph, in order: "Conv MultiThreshold".
inline std::string op_types(const Graph& graph) {
  std::string text;
  for (const auto& node : graph.nodes())
    text += (text.empty() ? "" : " ") + std::string(node->op->type());
  return text;
}

}  // namespace assay
