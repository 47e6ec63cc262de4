// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/verify_bits.h"

#include <fmt/format.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/bits/bits_report.h"
#include "harness/bits/collected_netlist.h"
#include "harness/bits/lane_streams.h"
#include "harness/bits/made_up_images.h"
#include "harness/bits/prove_layers.h"
#include "harness/bits/second_opinion.h"
#include "harness/bits/serial_netlist.h"
#include "harness/bits/verify_board.h"
#include "harness/build/saved_build.h"
#include "harness/build/vivado_build.h"
#include "harness/build/vivado_report.h"
#include "harness/check/execute.h"
#include "harness/rtl/canaries.h"
#include "harness/run/ledger.h"

namespace assay {
namespace {

/// Of golden's beats that are held at a time.
constexpr std::size_t kBatchBytes = std::size_t{1} << 30;
/// One lane in so many is reset in the middle of a frame.
constexpr int kResetLanes = 8;
constexpr int kLanes = 256, kLeastLanes = 64;
constexpr std::int64_t kCanaryFrames = 4;
/// That a lane gets one behind the other: what is left over from a frame shows in the next ones. Of a few
/// hundred images the first lanes get kInARow.
constexpr std::int64_t kLaneFrames = 3, kInARow = 2;
constexpr std::int64_t kMostParts = 8;

/// Simulators for so many frames: two, so that two cores have work, from where half of the lanes go on behind their
/// first frame; more where all go on. The same on every machine, as lanes decide what is simulated under
/// which profile.
int parts_for(std::int64_t frames) {
  const std::int64_t full = frames / (kLaneFrames * kLanes);
  return full < 1 ? 1 : static_cast<int>(std::clamp<std::int64_t>(full, 2, kMostParts));
}

/// Of each of them.
int lanes_for(std::int64_t frames) {
  const std::int64_t lanes = frames / kLaneFrames;
  return static_cast<int>(
      std::clamp<std::int64_t>(lanes / kLeastLanes * kLeastLanes, kLeastLanes, kLanes));
}

std::size_t bytes_of(const std::vector<sim::Tokens>& streams) {
  std::size_t bytes = 0;
  for (const sim::Tokens& tokens : streams) bytes += tokens.bytes.size();
  return bytes;
}

/// LaneStreamCounts::differing_digest of these places.
std::uint64_t places_digest(const std::vector<std::int64_t>& beats) {
  std::uint64_t sum = 0;
  for (const std::int64_t beat : beats) sum += sim::digest_beat(sim::kNoBeats, beat, nullptr, 0);
  return sum;
}

using ReadDesign = std::function<BuiltDesign(const RtlSession&)>;

class BitsVerification {
 public:
  BitsVerification(const VerifyBitsOptions& options, const Console& console, const ReadDesign& read)
      : options_(options),
        console_(console),
        session_(options.dir, options.images, options.cache, kAllImages),
        built_(read(session_)),
        empty_(one_partition()),
        streams_(lane_streams(empty_.rtl, built_.design)) {}

  VerifyBitsResult run() {
    forget_report(session_.dir, bits_report_file(options_.level, built_.build.target.name));
    session_.prove_stage(console_);
    describe();
    simulate();
    if (options_.second_opinion) ask_for_second_opinion();
    return finish_bits(report_, judgement_, {session_, built_, options_, console_, began_});
  }

 private:
  PreparedTop one_partition() const {
    return prepare_top(only_accelerator(session_.graph, "a built design"), built_.build.design);
  }

  void describe() {
    report_ = bits_head(session_, built_, options_);
    for (const sim::Profile profile : options_.profiles)
      report_.simulation.profiles.emplace_back(sim::profile_name(profile));
    for (std::size_t i = 0; i < empty_.rtl.masters.size(); ++i)
      report_.streams.push_back({empty_.rtl.masters[i].prefix, true, 0, 0, 0});
    for (const std::size_t i : watched(streams_))
      report_.streams.push_back({empty_.rtl.streams[i].name, false, 0, 0, 0});
    for (std::size_t i = 0; i < streams_.inside.size(); ++i)
      if (!streams_.inside[i]) report_.absent.push_back(empty_.rtl.streams[i].name);
  }

  /// Golden's beats of the made-up images and then of the run's, as many at a time as there is room for.
  void simulate() {
    judgement_ = {Verdict::kEquivalent, ""};
    const Dataset& set = session_.images.set;
    const std::vector<std::vector<std::int32_t>> made_up =
        made_up_images(session_.graph, options_.seed);
    report_.made_up = std::ssize(made_up);
    const auto image = [&](std::int64_t i) {
      return i < report_.made_up ? made_up[static_cast<std::size_t>(i)]
                                 : set.values(i - report_.made_up);
    };
    different_ = report_.made_up + session_.image_count;
    // Few are streamed again and again.
    const std::int64_t count = std::max(different_, kLaneFrames * kLeastLanes);
    const ExactPixels golden(session_.graph, split_images(count));
    Progress progress(console_, "golden", count);
    PreparedTop batch = empty_;
    std::int64_t first = 0, next = 0;
    const auto frame = [&](std::int64_t i) {
      const ExactRun run = golden.run_all(image(i % different_));
      return top_frame(batch,
                       [&](const Tensor* tensor) { return integers(run.values.at(tensor)); });
    };
    in_order(count, frame, [&](const TopFrame& one) {
      add_frame(batch, one);
      progress.tick();
      if (++next < count &&
          bytes_of(batch.monitors) + bytes_of(batch.outputs) + bytes_of(batch.inputs) < kBatchBytes)
        return;
      run_batch(batch, first, next - first);
      first = next;
      batch = empty_;
    });
    judge();
  }

  /// `first`: of all frames, those that are made up among them.
  void run_batch(PreparedTop& batch, std::int64_t first, std::int64_t frames) {
    if (report_.canaries.planted == 0) plant(batch, frames);
    const sim::LaneJob job = job_of(batch, frames);
    const sim::LaneSplit split{lanes_for(frames), parts_for(frames),
                               tbb::this_task_arena::max_concurrency()};
    Progress progress(console_, "simulate " + report_.level, frames);
    std::int64_t shown = 0;
    const sim::LaneResult result = sim::run_lanes_parallel(
        built_.design, job, split,
        [&](std::int64_t done) { progress.tick(done - std::exchange(shown, done)); });
    take(batch, result, first, frames);
  }

  sim::LaneJob job_of(const PreparedTop& batch, std::int64_t frames) const {
    sim::LaneJob job = lane_job(batch, streams_, frames);
    const std::vector<sim::Profile>& profiles = options_.profiles;
    job.profile = [profiles](int lane) {
      return profiles[static_cast<std::size_t>(lane) % profiles.size()];
    };
    job.resets = [](int lane) { return lane % kResetLanes == kResetLanes - 1; };
    job.seed = options_.seed;
    job.in_a_row = kInARow;
    job.patience = 4 * batch.patience;
    return job;
  }

  void take(const PreparedTop& batch, const sim::LaneResult& result, std::int64_t first,
            std::int64_t frames) {
    report_.simulation.lanes = std::max<std::int64_t>(report_.simulation.lanes, lanes_for(frames));
    report_.simulation.cycles += result.cycles;
    report_.simulation.lane_cycles += result.lane_cycles;
    report_.simulation.resets += result.resets;
    std::size_t at = 0;
    for (std::size_t i = 0; i < batch.outputs.size(); ++i)
      count(report_.streams[at++], batch.outputs[i], result.outputs.at(i), frames);
    const std::vector<std::size_t> inside = watched(streams_);
    for (std::size_t i = 0; i < inside.size(); ++i)
      count(report_.streams[at++], batch.monitors[inside[i]], result.monitors.at(i), frames);
    for (const sim::Violation& v : result.violations)
      report_.violations.push_back({v.rule, v.stream, v.cycle});
    if (report_.stuck.empty()) report_.stuck = result.stuck;
    if (result.first && report_.first_mismatch.empty())
      report_.first_mismatch = place_of(*result.first, first);
  }

  /// What is predicted follows from golden's beats alone. Where nothing is said to differ, what was
  /// compared counts only when its digest is that of golden's beats.
  void count(report::Bits::Stream& stream, const sim::Tokens& tokens,
             const sim::LaneStreamCounts& counts, std::int64_t frames) {
    stream.predicted += tokens.beats * frames;
    stream.differing += counts.differing;
    const bool proved =
        counts.differing > 0 || counts.digest == sim::expected_digest(tokens, frames);
    if (proved) stream.compared += counts.compared;
    if (!proved && counts.compared == tokens.beats * frames)
      judgement_.note(Verdict::kInconclusive,
                      fmt::format("what was compared on {} is not what golden says, though no beat "
                                  "is said to differ",
                                  stream.name));
  }

  std::string place_of(const sim::LaneMismatch& m, std::int64_t first) const {
    sim::Mismatch mismatch;
    mismatch.monitor = m.monitor;
    mismatch.output = static_cast<int>(index_of(m));
    mismatch.frame = 0;
    mismatch.beat = m.beat;
    mismatch.cycle = m.cycle;
    mismatch.expected = m.expected;
    mismatch.got = m.got;
    const std::int64_t image = (first + m.frame) % different_ - report_.made_up;
    if (image < 0)
      return fmt::format("made-up image {}: {}", image + report_.made_up,
                         mismatch_text(empty_, mismatch, 0, 1));
    return mismatch_text(empty_, mismatch, session_.images.first + image, 1) +
           fmt::format(", simulation lane {}", m.lane);
  }

  std::size_t index_of(const sim::LaneMismatch& m) const {
    if (!m.monitor) {
      const auto& masters = empty_.rtl.masters;
      return static_cast<std::size_t>(std::ranges::find(masters, m.stream, &StitchedPort::prefix) -
                                      masters.begin());
    }
    const auto& inside = empty_.rtl.streams;
    return static_cast<std::size_t>(std::ranges::find(inside, m.stream, &StitchedStream::name) -
                                    inside.begin());
  }

  /// The same frames with faults in what every stream should carry: each has to be noticed, at its place
  /// and nowhere else.
  void plant(const PreparedTop& batch, std::int64_t frames) {
    const std::int64_t planted = std::min<std::int64_t>(frames, kCanaryFrames);
    SimRun run;
    run.frames = planted;
    run.planted = draw_faults(batch, planted, options_.seed);
    sim::LaneJob job = job_of(batch, planted);
    job.resets = [](int) { return false; };  // else a beat may differ twice
    const std::vector<std::size_t> inside = watched(streams_);
    for (std::size_t i = 0; i < batch.outputs.size(); ++i)
      job.output_beats[i] = expected_tokens(batch, run, false, i);
    for (std::size_t i = 0; i < inside.size(); ++i)
      job.monitor_beats[i] = expected_tokens(batch, run, true, inside[i]);
    const sim::LaneResult result = sim::run_lanes_parallel(built_.design, job, {kLeastLanes, 1, 1});
    for (std::size_t i = 0; i < batch.outputs.size(); ++i)
      note_planted(batch.outputs[i], run, false, i, result.outputs.at(i));
    for (std::size_t i = 0; i < inside.size(); ++i)
      note_planted(batch.monitors[inside[i]], run, true, inside[i], result.monitors.at(i));
  }

  void note_planted(const sim::Tokens& tokens, const SimRun& run, bool monitor, std::size_t stream,
                    const sim::LaneStreamCounts& counts) {
    std::vector<std::int64_t> beats;
    for (const PlantedFault& fault : run.planted)
      if (fault.monitor == monitor && fault.stream == stream) beats.push_back(fault.beat);
    std::ranges::sort(beats);
    beats.erase(std::unique(beats.begin(), beats.end()), beats.end());
    report_.canaries.planted += std::ssize(beats);
    const bool all = counts.differing == std::ssize(beats) &&
                     counts.differing_digest == places_digest(beats) &&
                     counts.compared == tokens.beats * run.frames;
    if (all) report_.canaries.caught += std::ssize(beats);
  }

  void judge() {
    for (const report::Bits::Stream& s : report_.streams) {
      report_.predicted += s.predicted;
      report_.compared += s.compared;
      report_.differing += s.differing;
    }
    if (report_.differing > 0)
      judgement_.note(Verdict::kDifferent, fmt::format("{} beats differ, first {}",
                                                       report_.differing, report_.first_mismatch));
    if (!report_.violations.empty())
      judgement_.note(Verdict::kDifferent,
                      fmt::format("{} on {} at cycle {}", report_.violations[0].rule,
                                  report_.violations[0].stream, report_.violations[0].cycle));
    if (!report_.stuck.empty())
      judgement_.note(Verdict::kDifferent, fmt::format("stuck: {}", report_.stuck));
    if (report_.predicted == 0 || report_.compared != report_.predicted)
      judgement_.note(Verdict::kInconclusive, fmt::format("{} of {} predicted beats were compared",
                                                          report_.compared, report_.predicted));
    const report::Canaries& c = report_.canaries;
    if (report_.differing == 0 && (c.planted == 0 || c.caught != c.planted))
      judgement_.note(Verdict::kInconclusive,
                      fmt::format("{} of {} planted faults were noticed", c.caught, c.planted));
    if (judgement_.verdict == Verdict::kEquivalent)
      judgement_.reason =
          "every beat of every output and of every stream that kept its name agrees";
  }

  void ask_for_second_opinion() {
    const report::SecondOpinion opinion =
        second_opinion(session_, built_, empty_, streams_, options_, console_);
    if (!opinion.fault.empty())
      judgement_.note(opinion.differing > 0 ? Verdict::kDifferent : Verdict::kInconclusive,
                      fmt::format("in Verilator: {}", opinion.fault));
    report_.second_opinion = opinion;
  }

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const VerifyBitsOptions& options_;
  const Console& console_;
  const RtlSession session_;
  const BuiltDesign built_;
  const PreparedTop empty_;  ///< no frames yet
  const LaneStreams streams_;
  std::int64_t different_ = 0;  ///< images, made up or not
  report::Bits report_;
  Judgement judgement_;
};

/// That a collected netlist could not be looked at.
VerifyBitsResult unread(const VerifyBitsOptions& options, const Console& console,
                        const hw::Board& board, const std::string& why) {
  const auto began = std::chrono::steady_clock::now();
  const RtlSession session(options.dir, options.images, options.cache, kAllImages);
  const BuiltDesign built =
      unread_design(board, collected_netlist_file(session.dir.path(), board).file);
  return finish_bits(bits_head(session, built, options), {Verdict::kInconclusive, why},
                     {session, built, options, console, began});
}

/// Of a board whose bitstreams Vivado makes, what was collected; the report on its project is told.
VerifyBitsResult verify_collected(const VerifyBitsOptions& options, const hw::Board& board,
                                  const Console& console) {
  if (options.level != BitsLevel::kNetlist)
    user_error(
        "no open tools read a bitstream of '{}' back; a netlist that was collected can be "
        "simulated: "
        "--level netlist",
        board.name);
  if (options.prove_layers)
    user_error("--prove-layers is of gates that Yosys made; those of '{}' are Vivado's",
               board.name);
  collected_netlist_file(existing_run(options.dir), board);  // before anything is simulated
  std::optional<BitsVerification> verification;
  std::string why;
  try {
    verification.emplace(options, console,
                         [&](const RtlSession& session) { return read_collected(session, board); });
  } catch (const UserError& error) {
    why = error.what();
  }
  VerifyBitsResult result =
      verification ? verification->run() : unread(options, console, board, why);
  verification.reset();  // and its lock of the folder
  const report::Bits& report = result.report;
  settle_netlist(
      RunDir(options.dir), board, report.verdict,
      report.verdict == Verdict::kEquivalent
          ? fmt::format("the accelerator alone, simulated on {} images and {} made up: {}",
                        report.images, report.made_up, report.reason)
          : report.reason);
  return result;
}

}  // namespace

VerifyBitsResult verify_bits(const VerifyBitsOptions& options, const Console& console) {
  if (const hw::Board* board = vivado_board(options.target))
    return verify_collected(options, *board, console);
  const report::Build build = read_build(options.dir, options.target);
  if (options.prove_layers) layer_yosys(build);  // before anything is simulated
  if (is_in_shell(build)) {
    if (options.second_opinion)
      user_error(
          "--second-opinion is of a part's build; '{}' is a board, which is heard over its "
          "serial line",
          printable(options.target));
    return verify_board(options, console);
  }
  return BitsVerification(options, console,
                          [&](const RtlSession& session) {
                            return read_built(session, options.target, options.level);
                          })
      .run();
}

}  // namespace assay
