// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <tbb/global_control.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "compile/onnx/import.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/streamline/streamline.h"
#include "golden/exact/executor.h"
#include "harness/check/execute.h"
#include "harness/flow/stage_files.h"
#include "harness/run/images.h"
#include "harness/run/preprocess.h"

namespace assay {
namespace {

/// Images a second through a whole network, from raw pixels, as the flow runs them.
struct Workload {
  explicit Workload(const std::string& model)
      : pixels(pixel_graph(import_model(model), Preprocess({}))),
        images(choose_images({.data = {}, .images = "32"}, pixels)) {}
  Graph pixels;
  ChosenImages images;
};

template <typename Executor>
void run_images(benchmark::State& state, const Workload& work, const Executor& executor) {
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    for_each_image(work.images.size(), [&](std::int64_t image) {
      benchmark::DoNotOptimize(executor.run(work.images.set.values(image)));
    });
  state.SetItemsProcessed(state.iterations() * work.images.size());
}

void exact(benchmark::State& state, const std::string& model) {
  const Workload work(model);
  run_images(state, work, ExactPixels(work.pixels, false));
}

/// Labels alone, without keeping checkpoints: what `golden` itself costs.
void labels(benchmark::State& state, const std::string& model) {
  const Workload work(model);
  const ExactExecutor executor(work.pixels, {ExactInput::integers(0, 255)}, {.parallel = false});
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    for_each_image(work.images.size(), [&](std::int64_t image) {
      const auto pixels = work.images.set.image(image);
      const ExactRun run =
          executor.run({.inputs = {{{pixels.begin(), pixels.end()}}}, .checkpoints = false});
      benchmark::DoNotOptimize(top_k(run.outputs[0], 1));
    });
  state.SetItemsProcessed(state.iterations() * work.images.size());
}

void floating(benchmark::State& state, const std::string& model) {
  const Workload work(model);
  run_images(state, work, FloatPixels(work.pixels));
}

/// From the model's file to the last stage, every stage saved and read back; no image is executed.
void streamline(benchmark::State& state, const std::string& model, const std::string& preprocess) {
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(state.range(0)));
  const Preprocess choice({.kind = preprocess, .mean = {}, .std = {}});
  const auto folder =
      std::filesystem::temp_directory_path() / ("assay_bench_" + std::to_string(::getpid()));
  for (auto _ : state) {
    const RunDir dir(folder);
    Graph graph = import_model(model);
    std::size_t place = 0;
    for (StageSpec& stage : flow_stages(choice, 1, {})) {
      if (stage.applies && !stage.applies(pixel_graph(graph, choice))) continue;
      stage.id = stage_id(++place, stage.name);
      dir.write(stage.file(), build_stage(stage, std::move(graph)).bytes);
      graph = read_stage(dir, stage.file());
    }
    verify_integer(graph);
  }
  std::filesystem::remove_all(folder);
}

void register_streamline(const std::string& name, const std::string& model,
                         const std::string& preprocess) {
  if (!std::filesystem::exists(model)) return;
  benchmark::RegisterBenchmark(("streamline/" + name + "/" + preprocess).c_str(), streamline, model,
                               preprocess)
      ->Arg(1)
      ->Arg(2)
      ->ArgName("threads")
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

/// The model as layers that say how they are made, folded no further.
Graph specialised(const std::string& model) {
  const Preprocess choice({.kind = "totensor", .mean = {}, .std = {}});
  Graph graph = import_model(model);
  for (const StageSpec& stage : flow_stages(choice, 1, {})) {
    if (stage.name == "fold") break;
    if (!stage.applies || stage.applies(pixel_graph(graph, choice))) stage.build(graph);
  }
  return graph;
}

/// Choosing the foldings of all layers, for a target or for a device.
void folding(benchmark::State& state, const std::string& model, const std::string& device) {
  const Graph layers = specialised(model);
  FoldingGoal goal;
  if (device.empty()) {
    goal.target = kTargetCycles;
  } else {
    goal.device = device;
    goal.share = kDeviceShare;
  }
  for (auto _ : state) {
    Graph graph = layers;
    FoldingReport report;
    choose_foldings(graph, goal, report);
    benchmark::DoNotOptimize(report.slowest);
  }
}

void register_folding(const std::string& name, const std::string& model,
                      const std::string& device) {
  if (!std::filesystem::exists(model)) return;
  benchmark::RegisterBenchmark(
      ("folding/" + name + "/" + (device.empty() ? "target" : device)).c_str(), folding, model,
      device)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void register_model(const std::string& name, const std::string& model) {
  if (!std::filesystem::exists(model)) return;
  for (const auto& [kind, body] :
       {std::pair{"labels", &labels}, std::pair{"exact", &exact}, std::pair{"float", &floating}})
    benchmark::RegisterBenchmark((std::string(kind) + "/" + name).c_str(), body, model)
        ->Arg(1)
        ->Arg(2)
        ->ArgName("threads")
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const std::string zoo = std::string(ASSAY_SHARED_DIR) + "/zoo/";
  const std::string shipped =
      std::string(ASSAY_SOURCE_DIR) + "/models/resnet8_w4a4/model.qonnx.onnx";
  assay::register_model("resnet8_w4a4", shipped);
  assay::register_streamline("resnet8_w4a4", shipped, "totensor");
  for (const char* device : {"", "xc7z020"})
    assay::register_folding("resnet8_w4a4", shipped, device);
  assay::register_folding("resnet18norm_w2a2", zoo + "resnet18norm_w2a2/model.qonnx.onnx",
                          "xcu250");
  for (const char* name :
       {"mobilenet_w4a4", "cnv_w1a1", "resnet18norm_w2a2", "tfc_w1a1", "tfc_w2a2"}) {
    const std::string model = zoo + name + "/model.qonnx.onnx";
    assay::register_model(name, model);
    assay::register_streamline(name, model, "totensor");
  }
  assay::register_streamline("resnet18norm_w2a2", zoo + "resnet18norm_w2a2/model.qonnx.onnx",
                             "normalize");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
