// SPDX-License-Identifier: Apache-2.0
// How fast generated RTL builds and simulates: a product layer per width and style, one core.
//   build/NAME/O<n>     with -O<n>: Verilator and the C++ compiler, from nothing but the run-time
//   objects simulate/NAME/O<n>  a run of the bench; items are multiply-accumulates, "cycles" clock
//   cycles per second
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <random>

#include "compile/base/file.h"
#include "harness/rtl/node_model.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// An MVAU of `mh` rows and `mw` columns over 64 vectors a frame.
struct Product {
  std::string name;
  DataType activations, weights;
  std::int64_t mw, mh, pe, simd;
};

const std::vector<Product>& products() {
  static const std::vector<Product> all = {
      {"w2a2_32x64", DataType::uint(2), DataType::sint(2), 576, 64, 32, 64},
      {"w2a2_8x18", DataType::uint(2), DataType::sint(2), 144, 16, 8, 18},
      {"w1a1_32x64", DataType::bipolar(), DataType::bipolar(), 576, 64, 32, 64},
      {"w4a4_8x16", DataType::uint(4), DataType::sint(4), 144, 16, 8, 16},
      {"w8a8_8x16", DataType::uint(8), DataType::sint(8), 144, 16, 8, 16},
  };
  return all;
}

constexpr std::int64_t kVectors = 64, kFrames = 200;

std::vector<std::int64_t> random_values(std::int64_t count, DataType dtype) {
  std::mt19937_64 random(7);
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto span = static_cast<std::uint64_t>(dtype.max() - dtype.min() + 1);
    const auto value = dtype.min() + static_cast<std::int64_t>(random() % span);
    values.push_back(dtype.allows(value) ? value : dtype.max());
  }
  return values;
}

Graph product_graph(const Product& p) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, kVectors, 1, p.mw});
  x->dtype = p.activations;
  Tensor* w =
      graph.add_constant("w", Constant(Shape{p.mw, p.mh}, random_values(p.mw * p.mh, p.weights)));
  w->dtype = p.weights;
  hw::MVAU op;
  op.acc_dtype = DataType::sint(24);
  op.pe = p.pe;
  op.simd = p.simd;
  Tensor* y = graph.add(std::make_unique<hw::MVAU>(op), {x, w}, "y");
  y->dtype = op.acc_dtype;
  graph.add_output(y);
  infer_shapes(graph);
  return graph;
}

/// A product ready to run, in a folder of its own.
class Rig {
 public:
  Rig(const Product& product, int optimise)
      : folder_(fs::temp_directory_path() / ("assay-bench-" + product.name)),
        graph_(product_graph(product)),
        rtl_(node_rtl(*graph_.nodes().at(0), "assay_node")) {
    fs::create_directories(folder_);
    for (const hw::MemoryImage& image : rtl_.layer.images)
      write_file(folder_ / image.name(), image.hex());
    spec_.assertions = false;
    spec_.optimise = optimise;
    add_design(spec_, rtl_);
  }
  ~Rig() { fs::remove_all(folder_); }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  const hw::Layer& layer() const { return rtl_.layer; }
  /// `salt` makes every build a new one.
  sim::Model build(sim::ModelCache& cache, int salt) const {
    sim::ModelSpec spec = spec_;
    spec.sources.push_back({"salt.sv", fmt::format("// {}\n", salt)});
    return cache.get(spec);
  }
  sim::Result run(const sim::Model& model) const {
    sim::JobFile job;
    job.job.frames = kFrames;
    const hw::Stream &in = rtl_.layer.inputs.at(0), &out = rtl_.layer.outputs.at(0);
    const sim::Tokens x =
        stream_tokens(rtl_.layer, in, random_values(hw::elements(in.tensor), in.dtype));
    const sim::Tokens y{out.bits(), out.beats,
                        std::vector<std::uint8_t>(static_cast<std::size_t>((out.bits() + 7) / 8)),
                        false};
    return sim::run_model(model, job, {{save("in.bin", x)}, {save("out.bin", y)}}, folder_, folder_,
                          "bench");
  }

 private:
  sim::StreamFile save(const std::string& name, const sim::Tokens& tokens) const {
    write_file(folder_ / name,
               {reinterpret_cast<const char*>(tokens.bytes.data()), tokens.bytes.size()});
    return {(folder_ / name).string(), tokens.bits, tokens.beats, tokens.last};
  }

  fs::path folder_;
  Graph graph_;
  NodeRtl rtl_;
  sim::ModelSpec spec_;
};

sim::ModelCache& cache() {
  static const fs::path folder = fs::temp_directory_path() / "assay-bench-models";
  static sim::ModelCache instance = [] {
    fs::remove_all(folder);
    return sim::ModelCache(folder);
  }();
  return instance;
}

void build(benchmark::State& state, const Product& product, int optimise) {
  static int salt = 0;
  const Rig rig(product, optimise);
  rig.build(cache(), --salt);  // the run-time objects, which all models share
  for (auto _ : state) benchmark::DoNotOptimize(rig.build(cache(), --salt).built);
}

void simulate(benchmark::State& state, const Product& product, int optimise) {
  const Rig rig(product, optimise);
  const sim::Model model = rig.build(cache(), 0);
  std::int64_t cycles = 0;
  for (auto _ : state) cycles += rig.run(model).total_cycles;
  state.SetItemsProcessed(state.iterations() * kFrames * kVectors * product.mw * product.mh);
  state.counters["cycles"] =
      benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  for (const assay::Product& product : assay::products())
    for (const int optimise : {1, 2, 3}) {
      const std::string name = fmt::format("{}/O{}", product.name, optimise);
      benchmark::RegisterBenchmark(
          ("build/" + name).c_str(),
          [&product, optimise](benchmark::State& s) { assay::build(s, product, optimise); })
          ->Unit(benchmark::kSecond)
          ->UseRealTime()
          ->Iterations(2);
      benchmark::RegisterBenchmark(
          ("simulate/" + name).c_str(),
          [&product, optimise](benchmark::State& s) { assay::simulate(s, product, optimise); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
