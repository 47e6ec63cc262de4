// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/sim_run.h"

#include <algorithm>
#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/rtl/result_fault.h"
#include "sim/model/user_cache.h"

namespace assay {
namespace {

/// Beside four frames of the slowest layer.
constexpr std::int64_t kPatience = 10000;

std::string_view bytes_of(const sim::Tokens& tokens) {
  return {reinterpret_cast<const char*>(tokens.bytes.data()), tokens.bytes.size()};
}

sim::StreamFile save(const RunDir& dir, const std::string& name, const sim::Tokens& tokens) {
  dir.write(name, bytes_of(tokens));
  return {std::filesystem::absolute(dir.file(name)).string(), tokens.bits, tokens.beats,
          tokens.last};
}

const sim::Tokens& tokens_of(const SimSubject& subject, bool monitor, std::size_t stream) {
  return (monitor ? subject.monitors : subject.outputs).at(stream);
}

/// The stream with those of the faults that are in it, or as it is.
sim::Tokens with_faults(sim::Tokens tokens, bool monitor, std::size_t stream, const SimRun& run) {
  for (const PlantedFault& fault : run.planted) {
    if (fault.monitor != monitor || fault.stream != stream) continue;
    // Frames beyond the stored ones would repeat them, and the fault with them.
    const std::size_t stored = tokens.bytes.size(),
                      all = static_cast<std::size_t>(run.frames * tokens.beats) * tokens.stride();
    for (std::size_t i = stored; i < all; ++i) tokens.bytes.push_back(tokens.bytes[i - stored]);
    tokens.bytes[static_cast<std::size_t>(fault.beat) * tokens.stride() +
                 static_cast<std::size_t>(fault.bit / 8)] ^=
        static_cast<std::uint8_t>(1U << (fault.bit % 8));
  }
  return tokens;
}

/// The line below a kept result: over it, and over what it is the result of.
std::string checksum_line(const std::string& name, const std::string& result) {
  return "checksum " + sim::user_checksum(name + "\n" + result) + "\n";
}

std::string kept_text(const std::string& name, const sim::Result& result) {
  std::ostringstream text;
  sim::write_result(text, result);
  return text.str() + checksum_line(name, text.str());
}

sim::Result read_kept(const std::string& name, const std::string& text) {
  const std::size_t end = std::min(text.rfind("checksum "), text.size());
  const std::string result = text.substr(0, end);
  if (text.substr(end) != checksum_line(name, result))
    user_error("it is not the result that this user's simulation gave");
  std::istringstream in(result);
  return sim::read_result(in);
}

/// A result that says nothing, in the form that the run's would have.
sim::Result nothing(const SimSubject& subject, const SimRun& run) {
  sim::Result result;
  result.outputs.resize(subject.outputs.size());
  result.monitors.resize(subject.monitors.size());
  result.high_water.resize(subject.gauges.size());
  result.frame_ends.assign(static_cast<std::size_t>(run.frames), -1);
  return result;
}

}  // namespace

sim::Trace trace_of(const std::filesystem::path& wave) {
  if (wave.extension() == ".vcd") return sim::Trace::kVcd;
  if (wave.extension() == ".fst") return sim::Trace::kFst;
  user_error("--wave: '{}' should end in .vcd or .fst, the waveforms that there are",
             printable(wave.string(), 4096));
}

sim::Tokens expected_tokens(const SimSubject& subject, const SimRun& run, bool monitor,
                            std::size_t stream) {
  const sim::Tokens& tokens = tokens_of(subject, monitor, stream);
  return run.planted.empty() ? tokens : with_faults(tokens, monitor, stream, run);
}

std::int64_t patience_with(std::int64_t cycles) { return kPatience + 4 * cycles; }

void hash_content(SimSubject& subject) {
  for (const auto* streams : {&subject.inputs, &subject.outputs, &subject.monitors})
    for (const sim::Tokens& t : *streams)
      subject.content += fmt::format("{} {} {} {}\n", t.bits, t.beats, t.last, sha256(bytes_of(t)));
  subject.content = sha256(subject.content);
}

PlantedFault draw_fault(const SimSubject& subject, std::uint64_t seed, std::int64_t frames,
                        bool monitor, std::size_t stream) {
  const sim::Tokens& tokens = tokens_of(subject, monitor, stream);
  const auto beats = static_cast<std::uint64_t>(tokens.beats * frames);
  return {monitor, stream, static_cast<std::int64_t>(seed % beats),
          static_cast<int>(seed / beats % static_cast<std::uint64_t>(tokens.bits))};
}

std::uint64_t run_seed(std::uint64_t seed, const std::string& subject, std::string_view what) {
  const std::string digest = sha256(fmt::format("{}\n{}\n{}", seed, subject, what));
  return std::stoull(digest.substr(0, 8), nullptr, 16) + 1;
}

std::string SimRunner::key(const SimSubject& subject, const sim::Model& model, const SimRun& run) {
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n", model.key, subject.content,
                                 sim::profile_name(run.profile), run.seed, run.frames);
  for (const PlantedFault& f : run.planted)
    text += fmt::format("{} {} {} {}\n", f.monitor, f.stream, f.beat, f.bit);
  if (run.breaks_rules) text += "rules\n";
  return sha256(text);
}

void SimRunner::run(const SimSubject& subject, const sim::Model& model, SimRun& run) const {
  const std::string name = key(subject, model, run);
  if (take_kept(subject, name, run)) return;
  run.result = simulate(subject, model, run, name, {});
  run.impossible = result_fault(subject, run, run.result);
  if (!run.impossible.empty()) {
    run.result = nothing(subject, run);
    return;
  }
  dir_.make_folder("build/results");
  dir_.write("build/results/" + name, kept_text(name, run.result));
}

bool SimRunner::take_kept(const SimSubject& subject, const std::string& name, SimRun& run) const {
  const std::filesystem::path file = dir_.file("build/results/" + name);
  if (!std::filesystem::exists(std::filesystem::symlink_status(file))) return false;
  try {
    sim::Result result = read_kept(name, read_file(file));
    run.discarded = result_fault(subject, run, result);
    if (run.discarded.empty()) run.result = std::move(result);
  } catch (const std::exception& error) {
    run.discarded = error.what();
  }
  run.kept = run.discarded.empty();
  return run.kept;
}

sim::Result SimRunner::stamped(const SimSubject& subject, const sim::Model& model,
                               const SimRun& run) const {
  sim::JobFile job;
  job.job.stamps = true;
  return simulate(subject, model, run, "stamped", job);
}

void SimRunner::trace(const SimSubject& subject, const SimRun& run,
                      const std::filesystem::path& wave, sim::WaveWindow window) const {
  sim::ModelSpec spec = subject.spec;
  spec.trace = trace_of(wave);
  const sim::Model model = cache_.get(spec);
  sim::JobFile job;
  job.wave = std::filesystem::absolute(wave).string();
  job.wave_window = window;
  simulate(subject, model, run, "trace", job);
}

sim::Result SimRunner::simulate(const SimSubject& subject, const sim::Model& model,
                                const SimRun& run, const std::string& name,
                                const sim::JobFile& base) const {
  sim::JobFile job = base;
  job.job.frames = run.frames;
  job.job.profile = run.profile;
  job.job.seed = run.seed;
  job.job.resets = run.profile == sim::Profile::kAlways || run.breaks_rules ? 0 : 1;
  job.job.patience = subject.patience;
  job.job.gauges = subject.gauges;
  job.plant = run.breaks_rules;
  const std::string scratch = "build/runs/" + name;
  dir_.make_folder(scratch);
  sim::StreamFiles files;
  const auto add = [&](std::string_view prefix, const std::vector<sim::Tokens>& streams,
                       std::vector<sim::StreamFile>& list, std::optional<bool> monitor) {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const std::string file = fmt::format("{}/{}{}.bin", scratch, prefix, i);
      list.push_back(
          save(dir_, file, monitor ? expected_tokens(subject, run, *monitor, i) : streams[i]));
    }
  };
  add("in", subject.inputs, files.inputs, {});
  add("out", subject.outputs, files.outputs, false);
  add("mon", subject.monitors, files.monitors, true);
  const sim::Result result =
      sim::run_model(model, job, files, dir_.file(subject.folder), dir_.file(scratch), "run");
  std::error_code ignored;
  std::filesystem::remove_all(dir_.file(scratch), ignored);
  return result;
}

std::optional<std::int64_t> measured_cycles(const SimRun& run) {
  const std::vector<std::int64_t>& ends = run.result.frame_ends;
  if (run.profile != sim::Profile::kAlways || ends.size() < 3 || !run.result.stuck.empty())
    return {};
  return ends[ends.size() - 1] - ends[ends.size() - 2];
}

std::string under_text(const SimRun& run) {
  return fmt::format("under profile {} (seed {})", sim::profile_name(run.profile), run.seed);
}

}  // namespace assay
