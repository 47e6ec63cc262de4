// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "compile/base/hash.h"
#include "compile/onnx/import.h"
#include "compile/passes/streams/dataflow_streams.h"
#include "harness/flow/flow.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/top_run.h"
#include "sim/token/fifo_sizing.h"
#include "sim/token/token_dataflow.h"

/// The accelerators of the network that ships and of the zoo's, at the default folding: token
/// model, FIFO sizing, and the stitched RTL with every stream watched. "cycles" are clock cycles a
/// second.
namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr const char* kImages = "4";

Console silent() {
  static std::ostringstream nowhere;
  return {nowhere, nowhere, false, true};
}

/// A run of a network in a folder that goes with the program.
class Run {
 public:
  explicit Run(const fs::path& model)
      : folder_(fs::temp_directory_path() /
                ("assay-bench-" + std::to_string(getpid()) + "-" + sha256(model.string()))) {
    FlowOptions options;
    options.model = model;
    options.out = folder_;
    options.images = {.data = {}, .images = kImages};
    run_flow(options, silent());
  }
  ~Run() { fs::remove_all(folder_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const fs::path& folder() const { return folder_; }
  Graph stage(const std::string& name) const { return import_model(folder_ / "stages" / name); }

 private:
  fs::path folder_;
};

const Run& run_of(const std::string& model) {
  static std::map<std::string, std::unique_ptr<Run>> runs;
  std::unique_ptr<Run>& run = runs[model];
  if (!run) run = std::make_unique<Run>(model);
  return *run;
}

void set_cycles(benchmark::State& state, std::int64_t cycles) {
  state.counters["cycles"] =
      benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}

void token_model(benchmark::State& state, const std::string& model) {
  const Graph graph = run_of(model).stage("16_fifos.onnx");
  const sim::TokenNetwork network = sim::token_network(dataflow(graph, 0));
  constexpr std::int64_t kFrames = 4;
  std::int64_t cycles = 0;
  for (auto _ : state) {
    sim::TokenModel tokens(network, {});
    tokens.run(kFrames);
    cycles += tokens.frame_ends().back() + 1;
  }
  set_cycles(state, cycles);
}

void fifo_sizing(benchmark::State& state, const std::string& model) {
  const Graph graph = run_of(model).stage("15_converters.onnx");
  const Dataflow flow = dataflow(graph, 0);
  for (auto _ : state) benchmark::DoNotOptimize(sim::size_fifos(flow).depths);
}

/// One simulation at a time, under profile "always".
void stitched(benchmark::State& state, const std::string& model) {
  SimulationOptions options;
  options.dir = run_of(model).folder();
  const RtlSession session(options.dir, {}, {});
  RtlFolder rtl("rtl-top", session, options);
  const PreparedTop top = std::move(prepare_tops(session, rtl, silent()).at(0));
  const sim::Model program = session.cache.get(top.spec);
  std::int64_t cycles = 0, images = 0;
  static std::uint64_t seed = 0;  // a run that was made before is not made again
  SimRun run;
  run.frames = session.image_count;
  for (auto _ : state) {
    run.seed = ++seed;
    session.runner.run(top, program, run);
    cycles += run.result.total_cycles;
    images += run.frames;
  }
  state.SetItemsProcessed(images);
  set_cycles(state, cycles);
}

void register_model(const std::string& name, const std::string& model) {
  if (!fs::exists(model)) return;
  for (const auto& [kind, body] :
       {std::pair{"token_model", &token_model}, std::pair{"fifo_sizing", &fifo_sizing},
        std::pair{"stitched", &stitched}})
    benchmark::RegisterBenchmark((std::string(kind) + "/" + name).c_str(), body, model)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const std::string zoo = std::string(ASSAY_SHARED_DIR) + "/zoo/";
  assay::register_model("resnet8_w4a4",
                        std::string(ASSAY_SOURCE_DIR) + "/models/resnet8_w4a4/model.qonnx.onnx");
  for (const char* name :
       {"mobilenet_w4a4", "cnv_w1a1", "tfc_w1a1", "tfc_w2a2", "resnet18norm_w2a2"})
    assay::register_model(name, zoo + name + "/model.qonnx.onnx");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
