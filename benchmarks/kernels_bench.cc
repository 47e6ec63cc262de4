// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "golden/kernels/conv.h"

namespace assay {
namespace {

/// `count` layers of one shape, with operands as the network has them.
struct Layer {
  std::string name;
  int count;
  ConvShape shape;
  IntRange input, weight;
  bool bipolar = false;  // of the range only the two ends
};

ConvShape square(std::int64_t in, std::int64_t size, std::int64_t out, std::int64_t kernel,
                 std::int64_t stride = 1, std::int64_t pad = 1) {
  return {.in_channels = in,
          .in_height = size,
          .in_width = size,
          .out_channels = out,
          .kernel_height = kernel,
          .kernel_width = kernel,
          .stride_h = stride,
          .stride_w = stride,
          .pad_top = pad,
          .pad_left = pad,
          .pad_bottom = pad,
          .pad_right = pad};
}

std::vector<Layer> resnet18_layers() {
  const IntRange a{0, 3}, w{-1, 1};
  std::vector<Layer> layers = {
      {"first_3x3_3_64@32", 1, square(3, 32, 64, 3), {0, 255}, {-127, 127}},
      {"3x3_64_64@32", 4, square(64, 32, 64, 3), a, w}};
  for (std::int64_t in = 64, size = 32; in < 512; in *= 2, size /= 2) {
    const std::string name = std::to_string(in) + "_" + std::to_string(2 * in);
    const std::string at = "@" + std::to_string(size);
    const std::string deep = std::to_string(2 * in) + "_" + std::to_string(2 * in);
    layers.push_back({"3x3s2_" + name + at, 1, square(in, size, 2 * in, 3, 2), a, w});
    layers.push_back({"1x1s2_" + name + at, 1, square(in, size, 2 * in, 1, 2, 0), a, w});
    layers.push_back({"3x3_" + deep + "@" + std::to_string(size / 2), 3,
                      square(2 * in, size / 2, 2 * in, 3), a, w});
  }
  return layers;
}

std::vector<Layer> resnet8_layers() {
  const IntRange a{0, 15}, w{-7, 7};
  return {{"first_3x3_3_16@32", 1, square(3, 32, 16, 3), {0, 255}, {-127, 127}},
          {"3x3_16_16@32", 2, square(16, 32, 16, 3), a, w},
          {"3x3s2_16_32@32", 1, square(16, 32, 32, 3, 2), a, w},
          {"3x3_32_32@16", 1, square(32, 16, 32, 3), a, w},
          {"3x3s2_32_64@16", 1, square(32, 16, 64, 3, 2), a, w},
          {"3x3_64_64@8", 1, square(64, 8, 64, 3), a, w}};
}

std::vector<Layer> mobilenet_layers() {
  std::vector<Layer> layers;
  for (const auto& [channels, size] : {std::pair{64, 112}, {128, 56}, {256, 28}, {512, 14}}) {
    ConvShape shape = square(channels, size, channels, 3);
    shape.groups = channels;
    layers.push_back({"dw3x3_" + std::to_string(channels) + "@" + std::to_string(size),
                      1,
                      shape,
                      {0, 15},
                      {-7, 7}});
  }
  layers.push_back({"1x1_256_256@28", 1, square(256, 28, 256, 1, 1, 0), {0, 15}, {-7, 7}});
  return layers;
}

std::vector<Layer> cnv_layers() {
  const IntRange bipolar{-1, 1};
  return {{"3x3_64_64@30", 1, square(64, 30, 64, 3, 1, 0), bipolar, bipolar, true},
          {"3x3_64_128@14", 1, square(64, 14, 128, 3, 1, 0), bipolar, bipolar, true},
          {"3x3_128_256@5", 1, square(128, 5, 256, 3, 1, 0), bipolar, bipolar, true},
          {"fc_256_512", 1, matmul_shape(1, 256, 512), bipolar, bipolar, true}};
}

std::vector<std::int64_t> random_integers(std::int64_t count, IntRange range, bool bipolar,
                                          std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::int64_t> pick(range.min, range.max);
  std::vector<std::int64_t> result(count);
  for (std::int64_t& x : result)
    x = bipolar ? (random() % 2 == 0 ? range.min : range.max) : pick(random);
  return result;
}

/// A kernel with an input and a place for its output, in the storages that a chain of layers has.
struct Instance {
  ConvKernel kernel;
  Storage storage;
  std::vector<std::uint8_t> in;
  std::vector<std::int32_t> out;

  explicit Instance(const Layer& layer)
      : kernel(layer.shape,
               random_integers(layer.shape.weight_elements(), layer.weight, layer.bipolar, 1),
               layer.input),
        storage(layer.input.min < 0 ? Storage::kI8 : Storage::kU8),
        out(layer.shape.out_elements()) {
    for (const std::int64_t x :
         random_integers(layer.shape.in_elements(), layer.input, layer.bipolar, 2))
      in.push_back(static_cast<std::uint8_t>(x));
  }
  void run(bool parallel) { kernel.run(in.data(), storage, out.data(), parallel); }
};

void run_layer(benchmark::State& state, const Layer& layer, bool parallel) {
  Instance instance(layer);
  for (auto _ : state) {
    instance.run(parallel);
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::string(instance.kernel.name()));
  state.counters["MAC/s"] = benchmark::Counter(static_cast<double>(layer.shape.macs()),
                                               benchmark::Counter::kIsIterationInvariantRate);
}

void run_network(benchmark::State& state, const std::vector<Layer>& layers, bool parallel) {
  std::vector<Instance> instances;
  double macs = 0;
  for (const Layer& layer : layers)
    for (int i = 0; i < layer.count; ++i) {
      instances.emplace_back(layer);
      macs += static_cast<double>(layer.shape.macs());
    }
  for (auto _ : state) {
    for (Instance& instance : instances) instance.run(parallel);
    benchmark::ClobberMemory();
  }
  state.counters["images/s"] = benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["MAC/s"] = benchmark::Counter(macs, benchmark::Counter::kIsIterationInvariantRate);
}

void register_network(const std::string& network, const std::vector<Layer>& layers) {
  for (const Layer& layer : layers)
    benchmark::RegisterBenchmark((network + "/" + layer.name).c_str(), run_layer, layer, false);
  const std::string all = network + "/all_convs";
  benchmark::RegisterBenchmark((all + "/one_thread").c_str(), run_network, layers, false)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark((all + "/threads").c_str(), run_network, layers, true)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  assay::register_network("resnet18_w2a2", assay::resnet18_layers());
  assay::register_network("resnet8_w4a4", assay::resnet8_layers());
  assay::register_network("mobilenet_w4a4", assay::mobilenet_layers());
  assay::register_network("cnv_w1a1", assay::cnv_layers());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
