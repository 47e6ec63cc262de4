// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "compile/onnx/import.h"
#include "compile/passes/dataflow_streams.h"
#include "harness/flow.h"
#include "harness/rtl_session.h"
#include "harness/top_run.h"
#include "sim/fifo_sizing.h"
#include "sim/token_dataflow.h"

/// The accelerator of the network that ships, at its default folding: token model, FIFO sizing, and
/// the stitched RTL with every stream watched.
namespace assay {
namespace {

namespace fs = std::filesystem;

/// A run of the network in a folder that goes with the program.
class Run {
 public:
  Run() {
    FlowOptions options;
    options.model = fs::path(ASSAY_SOURCE_DIR) / "models/resnet8_w4a4/model.qonnx.onnx";
    options.out = folder_;
    options.images = {.data = {}, .images = "4"};
    std::ostringstream text;
    run_flow(options, Console{text, text, false, true});
  }
  ~Run() { fs::remove_all(folder_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const fs::path& folder() const { return folder_; }
  Graph stage(const std::string& name) const { return import_model(folder_ / "stages" / name); }

 private:
  fs::path folder_ = fs::temp_directory_path() / ("assay-bench-cycles-" + std::to_string(getpid()));
};

const Run& the_run() {
  static const Run run;
  return run;
}

void token_model(benchmark::State& state) {
  const Graph graph = the_run().stage("16_fifos.onnx");
  const sim::TokenNetwork network = sim::token_network(dataflow(graph, 0));
  constexpr std::int64_t kFrames = 4;
  std::int64_t cycles = 0;
  for (auto _ : state) {
    sim::TokenModel model(network, {});
    model.run(kFrames);
    cycles += model.frame_ends().back() + 1;
  }
  state.counters["cycles"] =
      benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}

void fifo_sizing(benchmark::State& state) {
  const Graph graph = the_run().stage("15_converters.onnx");
  const Dataflow flow = dataflow(graph, 0);
  for (auto _ : state) benchmark::DoNotOptimize(sim::size_fifos(flow).depths);
}

/// One simulation a time, under profile "always".
void stitched(benchmark::State& state) {
  const RtlSession session(the_run().folder(), {}, {});
  for (const char* folder : {"rtl", "rtl/top", "build", "build/results", "build/runs"})
    session.dir.make_folder(folder);
  PreparedTop top = prepare_top(dataflow_partitions(session.graph).at(0), "accelerator");
  top.folder = "rtl/top";
  for (const StitchedNode& node : top.rtl.nodes)
    session.write_memories(*node.node, node.layer, top.folder, node.name + "_", top.content);
  std::ostringstream text;
  session.for_each_image(Console{text, text, false, true}, [&](const ExactRun& run) {
    add_frame(top, [&](const Tensor* tensor) { return integers(run.values.at(tensor)); });
  });
  hash_content(top);
  const sim::Model model = session.cache.get(top.spec);
  std::int64_t cycles = 0, images = 0;
  SimRun run;
  run.frames = session.image_count;
  for (auto _ : state) {
    ++run.seed;  // or the result of the run before is kept
    session.runner.run(top, model, run);
    cycles += run.result.total_cycles;
    images += run.frames;
  }
  state.SetItemsProcessed(images);
  state.counters["cycles"] =
      benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}

BENCHMARK(token_model)->Unit(benchmark::kMillisecond);
BENCHMARK(fifo_sizing)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(stitched)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace assay

BENCHMARK_MAIN();
