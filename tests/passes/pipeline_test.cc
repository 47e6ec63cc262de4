// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/pipeline/pipeline.h"

#include <set>

#include "pass_check.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// Random networks with everything that the cleanup stage rewrites: preparation of the input,
/// quantised convolutions with biases, BatchNormalization, residual sums, a pool, a flattening by
/// shape arithmetic, and a quantised Gemm.
class RandomNet {
 public:
  explicit RandomNet(unsigned seed) : random_(seed) {}

  Graph make() {
    const std::int64_t channels = pick(1, 3);
    Tensor* x = net_.input({2, channels, 4, 4});
    if (chance()) x = net_.add(ops::Div{}, {x, net_.number(static_cast<float>(pick(3, 9)))});
    if (chance()) x = net_.add(ops::Sub{}, {x, parameter(channels, 4)});
    x = activation(x);
    for (std::int64_t i = pick(1, 2); i > 0; --i) x = block(x);
    return net_.finish(head(x));
  }

 private:
  std::int64_t pick(std::int64_t lo, std::int64_t hi) {
    return std::uniform_int_distribution<std::int64_t>(lo, hi)(random_);
  }
  bool chance() { return pick(0, 1) == 1; }
  float eighth() { return static_cast<float>(pick(-12, 12)) / 8; }
  std::vector<float> values(std::int64_t count) {
    std::vector<float> out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(eighth());
    return out;
  }
  Tensor* random_floats(const Shape& shape) {
    return net_.floats(shape, values(element_count(shape)));
  }
  Tensor* parameter(std::int64_t channels, std::size_t rank) {
    Shape shape(rank, 1);
    shape[1] = channels;
    return random_floats(shape);
  }
  /// Powers of two make ties, others do not.
  float scale() { return chance() ? 0.25F * static_cast<float>(pick(1, 4)) : 0.3F; }

  Tensor* activation(Tensor* x) {
    const auto bits = static_cast<float>(pick(2, 5));
    switch (pick(0, 3)) {
      case 0:
        return qcdq(x);
      case 1:
        return net_.add(ops::BipolarQuant{}, {x, net_.number(scale())}, "act");
      case 2:
        return net_.quant(net_.add(ops::Relu{}, {x}), scale(), bits, unsigned_quant(), "act");
      default:
        return net_.quant(x, net_.number(scale()), net_.number(static_cast<float>(pick(-1, 1))),
                          bits, {}, "act");
    }
  }

  Tensor* qcdq(Tensor* x) {
    Tensor *s = net_.number(scale()), *z = net_.ints({}, {pick(0, 3)}, Container::kUInt8);
    Tensor* q = net_.add(ops::QuantizeLinear{}, {x, s, z});
    if (chance())
      q = net_.add(ops::Clip{}, {q, net_.ints({}, {0}, Container::kUInt8),
                                 net_.ints({}, {15}, Container::kUInt8)});
    return net_.add(ops::DequantizeLinear{}, {q, s, z}, "act");
  }

  Tensor* weights(const Shape& shape) {
    if (chance()) {
      std::vector<std::int64_t> q;
      for (std::int64_t i = 0; i < element_count(shape); ++i) q.push_back(pick(-8, 7));
      Tensor* levels = net_.ints(shape, q, Container::kInt8);
      levels = net_.add(ops::Clip{}, {levels, net_.ints({}, {-7}, Container::kInt8),
                                      net_.ints({}, {7}, Container::kInt8)});
      return net_.add(with(&ops::DequantizeLinear::axis, 0), {levels, net_.number(scale())});
    }
    Shape scales(shape.size(), 1);
    scales[0] = shape[0];
    std::vector<float> per_channel;
    for (std::int64_t i = 0; i < shape[0]; ++i) per_channel.push_back(scale());
    return net_.quant(random_floats(shape), net_.floats(scales, per_channel), net_.number(0), 3);
  }

  Tensor* batch_norm(Tensor* x, std::int64_t channels) {
    std::vector<float> variance;
    for (std::int64_t i = 0; i < channels; ++i)
      variance.push_back(static_cast<float>(pick(1, 20)) / 8);
    return net_.add(ops::BatchNormalization{},
                    {x, random_floats({channels}), random_floats({channels}),
                     random_floats({channels}), net_.floats({channels}, variance)});
  }

  Tensor* conv(Tensor* x, std::int64_t in, std::int64_t out) {
    ops::Conv op;
    op.window = {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}};
    std::vector<Tensor*> inputs{x, weights({out, in, 3, 3})};
    if (chance()) {
      Tensor* bias = random_floats({out});
      inputs.push_back(chance() ? net_.quant(bias, 0.25F, 6) : bias);
    }
    return net_.add(op, inputs);
  }

  Tensor* block(Tensor* x) {
    infer_shapes(net_.graph);
    const std::int64_t channels = (*x->shape)[1];
    Tensor* branch = batch_norm(conv(x, channels, channels), channels);
    if (chance()) branch = net_.add(ops::Identity{}, {branch});
    return activation(chance() ? net_.add(ops::Add{}, {branch, x}) : branch);
  }

  Tensor* head(Tensor* x) {
    infer_shapes(net_.graph);
    const std::int64_t channels = (*x->shape)[1];
    Tensor* pooled = activation(
        net_.add(with(&ops::AveragePool::window, {{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}}), {x}));
    Tensor* batch =
        net_.add(ops::Gather{}, {net_.add(ops::Shape{}, {pooled}), net_.ints({1}, {0})});
    Tensor* target = net_.add(with(&ops::Concat::axis, 0), {batch, net_.ints({1}, {-1})});
    Tensor* row = net_.add(ops::Reshape{}, {pooled, target});
    ops::Gemm gemm;
    gemm.trans_b = true;
    gemm.alpha = chance() ? 1 : 0.5F;
    gemm.beta = chance() ? 1 : 3;
    return net_.add(gemm, {row, weights({3, channels * 4}), random_floats({3})}, "logits");
  }

  Net net_;
  std::mt19937 random_;
};

void sweep_pipeline(unsigned first, unsigned count) {
  for (unsigned seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("network {}", seed));
    const Graph before = RandomNet(seed).make();
    Graph after = before;
    EXPECT_TRUE(clean_up(after));
    expect_same_checkpoints(before, after, seed, 1);
    const std::string text = to_text(after);
    EXPECT_FALSE(clean_up(after));
    EXPECT_EQ(to_text(after), text);
    for (const auto& node : after.nodes())
      EXPECT_FALSE(node->as<ops::Gemm>() || node->as<ops::BatchNormalization>() ||
                   node->as<ops::Identity>() || node->as<ops::Shape>() || node->as<ops::Div>() ||
                   node->as<ops::Sub>())
          << node->label();
  }
}

TEST(Cleanup, KeepsEveryCheckpointOfRandomNetworks) { sweep_pipeline(1, 40); }
TEST(CleanupNightly, KeepsEveryCheckpointOfManyRandomNetworks) { sweep_pipeline(1000, 2000); }

TEST(Cleanup, BringsASmallNetworkIntoItsFinalForm) {
  Net net;
  Tensor* x = net.input({1, 2}, "pixels");
  Tensor* scaled = net.add(ops::Sub{}, {net.add(ops::Mul{}, {x, net.number(2)}), net.number(1)});
  Tensor* w = net.add(with(&ops::Transpose::perm, {1, 0}),
                      {net.quant(net.floats({2, 2}, {1, 2, 3, -4}), 1, 4)});
  Tensor* y = net.add(ops::MatMul{}, {net.quant(scaled, 1, 4, {}, "act"), w});
  Tensor* deviation = net.add(ops::Pow{}, {net.number(4), net.number(0.5F)});
  net.finish(net.add(ops::Div{}, {y, deviation}, "out"));
  EXPECT_TRUE(clean_up(net.graph));
  EXPECT_EQ(nodes_text(net.graph),
            "Mul_0_out0 = Mul(global_in, []{2})\n"
            "Add_0_out0 = Add(Mul_0_out0, []{-1})\n"
            "Quant_0_out0 = Quant(Add_0_out0, []{1}, []{0}, []{4})\n"
            "Quant_1_out0 = Quant([2,2]{1,3,2,-4}, []{1}, []{0}, []{4})\n"
            "MatMul_0_out0 = MatMul(Quant_0_out0, Quant_1_out0)\n"
            "global_out = Mul(MatMul_0_out0, []{1/2})\n");
  EXPECT_EQ(net.graph.find_tensor("MatMul_0_out0")->dtype, DataType::sint(9));
  EXPECT_EQ(net.graph.find_tensor("global_out")->layout, Layout::kNC);
}

TEST(Cleanup, EveryPassIsExact) {
  for (const PassInfo& pass : pipeline_steps().front().passes)
    EXPECT_EQ(pass.contract, Contract::kExact) << pass.name;
}

TEST(Cleanup, ErrorsNameThePass) {
  Net net;
  Tensor* one = net.floats({1}, {1});
  net.finish(net.add(ops::BatchNormalization{},
                     {net.input({1, 1}), one, one, one, net.floats({1}, {-1})}));
  EXPECT_THAT(user_error_of([&] { clean_up(net.graph); }),
              HasSubstr("pass 'batch_norm_to_affine': node 'BatchNormalization'"));
}

TEST(Pipeline, EveryStepHasANameOfItsOwnAndPasses) {
  std::set<std::string_view> names;
  bool integer = false;
  for (const PipelineStep& step : pipeline_steps()) {
    EXPECT_TRUE(names.insert(step.name).second) << step.name;
    EXPECT_FALSE(step.passes.empty()) << step.name;
    for (const PassInfo& pass : step.passes) EXPECT_NE(find_pass(pass.name), nullptr) << pass.name;
    EXPECT_GE(step.integer, integer) << step.name;  // no step brings real numbers back
    integer = step.integer;
  }
}

TEST(Pipeline, JoinBitsMakeSumsOfBranchesApproximate) {
  for (const PipelineStep& step : pipeline_steps()) {
    const bool approximate = step.name == "quantize_input" || step.name == "round_scales";
    EXPECT_EQ(contract_of(step, {}), approximate ? Contract::kApproximate : Contract::kExact);
    EXPECT_EQ(contract_of(step, {.join_bits = 2}), approximate || step.name == "residual_sums"
                                                       ? Contract::kApproximate
                                                       : Contract::kExact);
  }
}

TEST(Pipeline, StepsTellTheOptionsThatTheyDependOn) {
  const auto options = [](std::string_view name, const PassOptions& choice) {
    const PipelineStep& step = *std::ranges::find(pipeline_steps(), name, &PipelineStep::name);
    return step.options ? step.options(choice) : StepOptions();
  };
  EXPECT_EQ(options("lower", {}), StepOptions());
  EXPECT_EQ(options("quantize_input", {}),
            (StepOptions{{"input_bits", 8}, {"input_weight_bits", 24}}));
  EXPECT_EQ(options("residual_sums", {}), (StepOptions{{"join_budget", 32}}));
  EXPECT_EQ(options("residual_sums", {.join_bits = 3}),
            (StepOptions{{"join_budget", 32}, {"join_bits", 3}}));
  EXPECT_FALSE(options("fold", {.device = "xc7z020"}).contains("target_cycles"));
  // Foldings are nothing to the step that chooses implementations.
  const PassOptions folded{.folding = {{"fc", {{"PE", 5}}}}},
      unfolded{.folding = {{"fc", {{"PE", 1}}}}};
  EXPECT_EQ(options("specialize", folded), options("specialize", unfolded));
  EXPECT_NE(options("fold", folded), options("fold", unfolded));
}

}  // namespace
}  // namespace assay
