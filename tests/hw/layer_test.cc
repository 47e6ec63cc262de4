// SPDX-License-Identifier: Apache-2.0
#include "hw/layer_test.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "compile/base/file.h"
#include "golden/exact/executor.h"
#include "harness/rtl/node_model.h"
#include "hw/layer_runs.h"
#include "sim/token/token_check.h"

namespace assay::hw::test {
namespace {

namespace fs = std::filesystem;

sim::StreamFile save(const sim::Tokens& tokens, const fs::path& path) {
  write_file(path, {reinterpret_cast<const char*>(tokens.bytes.data()), tokens.bytes.size()});
  return {path.string(), tokens.bits, tokens.beats, tokens.last};
}

Ints join(const std::vector<Ints>& frames) {
  Ints all;
  for (const Ints& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

/// Writes the memory files. Several cases share a program, in which each has to read files of its
/// own size: their names begin with the case's module. A parameter may be the beginning of several
/// names.
void write_images(NodeRtl& rtl, const fs::path& folder) {
  std::string& wrapper = rtl.files.back().text;
  for (const Parameter& parameter : rtl.layer.parameters) {
    const auto* text = std::get_if<std::string>(&parameter.value);
    if (!text || std::ranges::none_of(rtl.layer.images, [&](const MemoryImage& image) {
          return image.name().starts_with(*text);
        }))
      continue;
    wrapper.replace(wrapper.find('"' + *text + '"'), 1, '"' + rtl.module + "_");
  }
  for (const MemoryImage& image : rtl.layer.images)
    write_file(folder / (rtl.module + "_" + image.name()), image.hex());
}

/// Writes what a case's streams carry: frames[f][i] is input i of frame f.
Prepared prepare(const Graph& graph, const std::string& module,
                 const std::vector<std::vector<Ints>>& frames, const fs::path& folder) {
  Prepared p{node_rtl(node_of(graph), module), {}, {}, folder};
  fs::create_directories(folder);
  write_images(p.rtl, folder);
  std::vector<std::vector<Ints>> results;
  for (const auto& inputs : frames) results.push_back(golden_outputs(graph, inputs));
  const auto column = [](const std::vector<std::vector<Ints>>& rows, std::size_t i) {
    std::vector<Ints> values;
    for (const auto& row : rows) values.push_back(row[i]);
    return join(values);
  };
  for (std::size_t i = 0; i < p.rtl.layer.inputs.size(); ++i) {
    const Stream& s = p.rtl.layer.inputs[i];
    const auto at = std::ranges::find(graph.inputs(), s.tensor);
    const Ints values = at == graph.inputs().end()
                            ? Ints()  // a weight stream
                            : column(frames, static_cast<std::size_t>(at - graph.inputs().begin()));
    p.inputs.push_back(
        save(stream_tokens(p.rtl.layer, s, values), folder / fmt::format("in{}.bin", i)));
  }
  for (std::size_t i = 0; i < p.rtl.layer.outputs.size(); ++i)
    p.outputs.push_back(save(sim::pack(column(results, i), packing(p.rtl.layer.outputs[i])),
                             folder / fmt::format("out{}.bin", i)));
  return p;
}

std::string describe(const sim::Result& r, const Layer& layer) {
  std::string text =
      fmt::format("{} of {} beats compared, {} differ", r.compared, r.predicted, r.differing);
  if (r.first) {
    const Stream& s = layer.outputs[static_cast<std::size_t>(r.first->output)];
    text +=
        fmt::format("; first: out{} frame {} beat {} cycle {} ({}): expected {}, got {}",
                    r.first->output, r.first->frame, r.first->beat, r.first->cycle, r.first->fault,
                    ::testing::PrintToString(sim::unpack(r.first->expected, packing(s))),
                    ::testing::PrintToString(sim::unpack(r.first->got, packing(s))));
  }
  for (const sim::Violation& v : r.violations)
    text += fmt::format("; {} on {} at cycle {}", v.rule, v.stream, v.cycle);
  return text + (r.stuck.empty() ? "" : "; " + r.stuck);
}

std::string cycles_fault(const sim::Result& r, const Layer& layer) {
  const std::size_t frames = r.frame_ends.size();
  if (frames >= 3 && r.frame_ends[frames - 1] - r.frame_ends[frames - 2] == layer.cycles) return "";
  return fmt::format("a frame should take {} cycles, but frames end at {}", layer.cycles,
                     ::testing::PrintToString(r.frame_ends));
}

std::vector<Ints> random_inputs(const Graph& graph, std::uint64_t seed) {
  std::vector<Ints> inputs;
  for (const Tensor* input : graph.inputs())
    inputs.push_back(random_values(elements(input), input->dtype, seed++));
  return inputs;
}

/// Values that no design gives: a run against them shows what it does give.
std::vector<sim::StreamFile> blanks(const Layer& layer, const fs::path& folder) {
  std::vector<sim::StreamFile> files;
  for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
    const Stream& s = layer.outputs[i];
    sim::Tokens tokens{s.bits(), s.beats, {}};
    tokens.bytes.resize(static_cast<std::size_t>(s.beats) * tokens.stride());
    files.push_back(save(tokens, folder / fmt::format("blank{}.bin", i)));
  }
  return files;
}

/// What a model's only design gives for the inputs.
std::vector<Ints> collect(const sim::Model& model, const Prepared& p) {
  sim::JobFile job;
  job.job.patience = 2000 + 4 * p.rtl.layer.cycles;
  job.collect = (p.data / "got").string();
  const sim::Result r =
      sim::run_model(model, job, {p.inputs, blanks(p.rtl.layer, p.data)}, p.data, p.data, "run");
  EXPECT_EQ(r.stuck, "");
  EXPECT_EQ(r.compared, r.predicted);
  std::vector<Ints> results;
  for (std::size_t i = 0; i < p.rtl.layer.outputs.size(); ++i) {
    const Stream& s = p.rtl.layer.outputs[i];
    const std::string bytes = read_file(fmt::format("{}{}", job.collect, i));
    const auto stride = static_cast<std::size_t>(s.bits() + 7) / 8;
    Ints& values = results.emplace_back();
    for (std::size_t b = 0; b + stride <= bytes.size(); b += stride) {
      const Ints beat = sim::unpack(
          {reinterpret_cast<const std::uint8_t*>(bytes.data()) + b, stride}, packing(s));
      values.insert(values.end(), beat.begin(), beat.end());
    }
  }
  return results;
}

}  // namespace

sim::ModelCache& model_cache() {
  static sim::ModelCache instance(fs::read_symlink("/proc/self/exe").parent_path() / "models");
  return instance;
}

Scratch::Scratch() {
  static int count = 0;
  path_ = fs::temp_directory_path() / fmt::format("assay-hw-{}-{}", getpid(), count++);
  fs::create_directories(path_);
}

Scratch::~Scratch() { fs::remove_all(path_); }

/// Frames of nothing but an extreme reach the top bits of sums.
std::vector<Ints> extreme_inputs(const Graph& graph, bool largest) {
  std::vector<Ints> inputs;
  for (const Tensor* input : graph.inputs())
    inputs.emplace_back(elements(input), largest ? input->dtype.max() : input->dtype.min());
  return inputs;
}

/// Every third frame is extreme, in turn largest and smallest.
std::vector<Ints> frame_inputs(const Graph& graph, int frame, std::uint64_t seed) {
  if (frame % 3 == 2) return extreme_inputs(graph, frame % 2 == 0);
  return random_inputs(graph, seed + static_cast<std::uint64_t>(frame) * 7);
}

Prepared prepare_random(const Graph& graph, const std::string& module, const CheckOptions& options,
                        std::uint64_t number, const fs::path& folder) {
  std::vector<std::vector<Ints>> frames;
  for (int f = 0; f < options.frames; ++f)
    frames.push_back(frame_inputs(graph, f, options.seed * 1000 + number * 16));
  return prepare(graph, module, frames, folder);
}

sim::JobFile profile_job(const Prepared& p, int dut, int profile, const CheckOptions& options) {
  sim::JobFile job;
  job.dut = dut;
  job.job.frames = options.frames;
  job.job.patience = 2000 + 4 * p.rtl.layer.cycles;
  job.job.profile = static_cast<sim::Profile>(profile);
  job.job.seed = options.seed + static_cast<std::uint64_t>(profile);
  job.job.resets = profile == 0 ? 0 : 2;
  job.job.stamps = true;
  return job;
}

std::string run_fault(const sim::Model& model, const sim::JobFile& job, const Prepared& p,
                      bool cycles) {
  const sim::Result r = sim::run_model(model, job, {p.inputs, p.outputs}, p.data, p.data, "run");
  const bool clean = r.differing == 0 && r.violations.empty() && r.stuck.empty();
  if (!clean || r.compared != r.predicted || r.predicted == 0) return describe(r, p.rtl.layer);
  const sim::StampCheck stamps = sim::check_stamps(p.rtl.layer, r, job.job.frames);
  if (!stamps.fault.empty()) return stamps.fault;
  if (stamps.compared != stamps.predicted || stamps.predicted == 0) return "no stamps compared";
  return cycles ? cycles_fault(r, p.rtl.layer) : "";
}

void expect_no_fault(const sim::Model& model, int dut, const Prepared& p,
                     const CheckOptions& options) {
  for (int profile = 0; profile < sim::kProfiles; ++profile) {
    const sim::JobFile job = profile_job(p, dut, profile, options);
    EXPECT_EQ(run_fault(model, job, p, profile == 0 && options.cycles), "")
        << "profile " << sim::profile_name(job.job.profile) << ", seed " << job.job.seed;
  }
}

Tensor* NodeGraph::input(Shape shape, DataType dtype) {
  Tensor* tensor = graph_.add_input("x", std::move(shape));
  tensor->dtype = dtype;
  return tensor;
}

Tensor* NodeGraph::constant(Shape shape, Ints values) {
  const auto [min, max] = std::ranges::minmax(values);
  return constant(std::move(shape), std::move(values), DataType::smallest_for(min, max));
}

Tensor* NodeGraph::constant(Shape shape, Ints values, DataType dtype) {
  Tensor* tensor = graph_.add_constant("c", Constant(std::move(shape), std::move(values)));
  tensor->dtype = dtype;
  return tensor;
}

Graph NodeGraph::finish(std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                        std::vector<DataType> outputs) {
  std::vector<Tensor*> results;
  for (const DataType& dtype : outputs) {
    Tensor* tensor = dtype == DataType::float32() ? nullptr : graph_.add_tensor("y");
    if (tensor) tensor->dtype = dtype;
    results.push_back(tensor);
  }
  graph_.add_node(std::move(op), std::move(inputs), results, "layer");
  for (Tensor* tensor : results)
    if (tensor) graph_.add_output(tensor);
  infer_shapes(graph_);
  return std::move(graph_);
}

const Node& node_of(const Graph& graph) { return *graph.nodes().at(0); }

std::vector<Ints> golden_outputs(const Graph& graph, const std::vector<Ints>& inputs) {
  std::vector<ExactInput> ranges;
  ExactRequest request;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const DataType& dtype = graph.inputs()[i]->dtype;
    ranges.push_back(ExactInput::integers(dtype.min(), dtype.max()));
    request.inputs.push_back({inputs[i]});
  }
  const ExactExecutor executor(graph, ranges);
  std::vector<Ints> results;
  for (const ExactValue& value : executor.run(request).outputs) {
    Ints& result = results.emplace_back();
    for (std::int64_t i = 0; i < value.size(); ++i)
      result.push_back(value.real(i).floor().get_si());
  }
  return results;
}

Ints random_values(std::int64_t count, DataType dtype, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Ints values(static_cast<std::size_t>(count));
  const auto values_of_type =
      static_cast<std::uint64_t>(dtype.max()) - static_cast<std::uint64_t>(dtype.min()) + 1;
  for (std::int64_t& v : values) {
    switch (random() % 8) {
      case 0:
        v = dtype.min();
        break;
      case 1:
        v = dtype.max();
        break;
      default:  // unsigned, so that the whole range of INT64 wraps as it should
        v = static_cast<std::int64_t>(static_cast<std::uint64_t>(dtype.min()) +
                                      (values_of_type == 0 ? random() : random() % values_of_type));
    }
    if (dtype.kind == DataType::Kind::kBipolar && v == 0) v = 1;
  }
  return values;
}

void expect_equal_to_golden(std::vector<LayerCase> cases, const CheckOptions& options) {
  const Scratch scratch;
  sim::ModelSpec spec;
  std::vector<Prepared> prepared;
  for (std::size_t c = 0; c < cases.size(); ++c) {
    SCOPED_TRACE(cases[c].name);
    const std::string module = fmt::format("case{}", c);
    prepared.push_back(prepare_random(cases[c].graph, module, options, c, scratch.path() / module));
    add_design(spec, prepared.back().rtl);
  }
  const sim::Model model = model_cache().get(spec);
  for (std::size_t c = 0; c < cases.size(); ++c) {
    SCOPED_TRACE(cases[c].name);
    expect_no_fault(model, static_cast<int>(c), prepared[c], options);
  }
}

std::vector<Ints> rtl_outputs(const Graph& graph, const std::vector<Ints>& inputs) {
  return rtl_outputs(graph, inputs, {build_layer(node_of(graph)).images}).at(0);
}

std::vector<std::vector<Ints>> rtl_outputs(const Graph& graph, const std::vector<Ints>& inputs,
                                           const std::vector<std::vector<MemoryImage>>& contents) {
  const Scratch scratch;
  const Prepared p = prepare(graph, "node", {inputs}, scratch.path());
  sim::ModelSpec spec;
  add_design(spec, p.rtl);
  const sim::Model model = model_cache().get(spec);
  std::vector<std::vector<Ints>> results;
  for (const std::vector<MemoryImage>& images : contents) {
    for (const MemoryImage& image : images)
      write_file(scratch.path() / ("node_" + image.name()), image.hex());
    results.push_back(collect(model, p));
  }
  return results;
}

}  // namespace assay::hw::test
