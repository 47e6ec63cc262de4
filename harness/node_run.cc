// SPDX-License-Identifier: Apache-2.0
#include "harness/node_run.h"

#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"

namespace assay {
namespace {

/// Without a beat for so long a run is stuck: longer than any stall of a profile and any gap of a
/// layer.
std::int64_t patience(const hw::Layer& layer) { return 10000 + 4 * layer.cycles; }

std::string_view bytes_of(const sim::Tokens& tokens) {
  return {reinterpret_cast<const char*>(tokens.bytes.data()), tokens.bytes.size()};
}

sim::StreamFile save(const RunDir& dir, const std::string& name, const sim::Tokens& tokens) {
  dir.write(name, bytes_of(tokens));
  return {std::filesystem::absolute(dir.file(name)).string(), tokens.bits, tokens.beats,
          tokens.last};
}

}  // namespace

PlantedFault NodeRunner::fault(const PreparedNode& node, const NodeRun& run) {
  const sim::Tokens& tokens = node.outputs.at(0);
  const auto beats = static_cast<std::uint64_t>(tokens.beats * run.frames);
  return {static_cast<std::int64_t>(run.seed % beats),
          static_cast<int>(run.seed / beats % static_cast<std::uint64_t>(tokens.bits))};
}

std::string NodeRunner::key(const PreparedNode& node, const sim::Model& model,
                            const NodeRun& run) const {
  return sha256(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n", model.key, node.content,
                            sim::profile_name(run.profile), run.seed, run.frames, run.canary));
}

void NodeRunner::run(const PreparedNode& node, const sim::Model& model, NodeRun& run) const {
  const std::string name = key(node, model, run), kept = "build/results/" + name;
  try {
    std::istringstream text(read_file(dir_.file(kept)));
    run.result = sim::read_result(text);
    run.kept = true;
    return;
  } catch (const std::exception&) {  // absent or damaged: run it
  }
  run.result = simulate(node, model, run, name, {});
  std::ostringstream text;
  sim::write_result(text, run.result);
  dir_.write(kept, text.str());
}

void NodeRunner::trace(const PreparedNode& node, const NodeRun& run,
                       const std::filesystem::path& wave, sim::WaveWindow window) const {
  sim::ModelSpec spec = node.spec;
  spec.trace = true;
  const sim::Model model = cache_.get(spec);
  sim::JobFile job;
  job.wave = std::filesystem::absolute(wave).string();
  job.wave_window = window;
  simulate(node, model, run, "trace", job);
}

sim::Result NodeRunner::simulate(const PreparedNode& node, const sim::Model& model,
                                 const NodeRun& run, const std::string& name,
                                 const sim::JobFile& base) const {
  sim::JobFile job = base;
  job.job.frames = run.frames;
  job.job.profile = run.profile;
  job.job.seed = run.seed;
  job.job.resets = run.profile == sim::Profile::kAlways ? 0 : 1;
  job.job.patience = patience(node.rtl.layer);
  const std::string scratch = "build/runs/" + name;
  dir_.make_folder(scratch);
  std::vector<sim::StreamFile> inputs, outputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i)
    inputs.push_back(save(dir_, fmt::format("{}/in{}.bin", scratch, i), node.inputs[i]));
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    sim::Tokens expected = node.outputs[i];
    if (run.canary && i == 0) {
      const PlantedFault planted = fault(node, run);
      const auto stored = static_cast<std::int64_t>(expected.bytes.size() / expected.stride());
      expected.bytes[static_cast<std::size_t>(planted.beat % stored) * expected.stride() +
                     static_cast<std::size_t>(planted.bit / 8)] ^=
          static_cast<std::uint8_t>(1U << (planted.bit % 8));
    }
    outputs.push_back(save(dir_, fmt::format("{}/out{}.bin", scratch, i), expected));
  }
  const sim::Result result = sim::run_model(model, job, {inputs, outputs}, dir_.file(node.folder),
                                            dir_.file(scratch), "run");
  std::error_code ignored;
  std::filesystem::remove_all(dir_.file(scratch), ignored);
  return result;
}

std::optional<std::int64_t> measured_cycles(const NodeRun& run) {
  const std::vector<std::int64_t>& ends = run.result.frame_ends;
  if (run.profile != sim::Profile::kAlways || ends.size() < 3 || !run.result.stuck.empty())
    return {};
  return ends[ends.size() - 1] - ends[ends.size() - 2];
}

NodeJudgement judge_run(const PreparedNode& node, const NodeRun& run) {
  const sim::Result& r = run.result;
  const std::string under =
      fmt::format("under profile {} (seed {})", sim::profile_name(run.profile), run.seed);
  if (r.differing > 0)
    return {Verdict::kDifferent, fmt::format("{} of {} beats differ {}", r.differing,
                                             r.compared + r.compared_before_reset, under)};
  if (!r.violations.empty())
    return {Verdict::kDifferent, fmt::format("{} on {} at cycle {} {}", r.violations[0].rule,
                                             r.violations[0].stream, r.violations[0].cycle, under)};
  if (!r.stuck.empty()) return {Verdict::kDifferent, fmt::format("stuck {}: {}", under, r.stuck)};
  if (run.predicted == 0 || r.predicted != run.predicted || r.compared != run.predicted)
    return {Verdict::kInconclusive, fmt::format("{} of {} predicted beats were compared {}",
                                                r.compared, run.predicted, under)};
  const auto cycles = measured_cycles(run);
  if (cycles && *cycles != node.rtl.layer.cycles)
    return {Verdict::kDifferent, fmt::format("{} cycles per frame measured, the formula says {}",
                                             *cycles, node.rtl.layer.cycles)};
  if (run.profile == sim::Profile::kAlways && !cycles)
    return {Verdict::kInconclusive, "too few frames to measure cycles"};
  return {Verdict::kEquivalent, fmt::format("{} beats equal {}", r.compared, under)};
}

bool caught(const PreparedNode& node, const NodeRun& run) {
  const sim::Result& r = run.result;
  if (!r.first || r.first->output != 0) return false;
  const PlantedFault planted = NodeRunner::fault(node, run);
  const sim::Tokens& tokens = node.outputs[0];
  // Frames beyond the stored ones repeat them, and the fault with them.
  const auto stored = static_cast<std::int64_t>(tokens.bytes.size() / tokens.stride());
  const auto at = r.first->frame * tokens.beats + r.first->beat;
  return at == planted.beat % stored && r.first->expected.size() == r.first->got.size();
}

std::string mismatch_text(const PreparedNode& node, const sim::Mismatch& m,
                          std::int64_t first_image, std::int64_t images) {
  const hw::Stream& stream = node.rtl.layer.outputs.at(static_cast<std::size_t>(m.output));
  const auto expected = sim::unpack(m.expected, packing(stream)),
             got = sim::unpack(m.got, packing(stream));
  std::size_t lane = 0;
  while (lane + 1 < expected.size() && expected[lane] == got[lane]) ++lane;
  const std::string values = expected == got
                                 ? "TLAST differs"
                                 : fmt::format("expected {}, got {}", expected[lane], got[lane]);
  return fmt::format("image {}, {}beat {}, lane {}, cycle {}: {} ({})",
                     first_image + m.frame % images,
                     node.rtl.layer.outputs.size() > 1 ? fmt::format("out{}, ", m.output) : "",
                     m.beat, lane, m.cycle, values, m.fault == "value" ? "wrong value" : m.fault);
}

}  // namespace assay
