// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/lane_bench.h"

#include <algorithm>
#include <array>

#include "compile/base/error.h"
#include "sim/netlist/lane_run.h"
#include "sim/netlist/lane_stream.h"

namespace assay::sim {
namespace {

constexpr std::int64_t kPathCheck = 97, kTell = 1024;

/// What the lanes of one simulator do.
class LaneBench {
 public:
  LaneBench(NetlistSimulator& simulator, const LaneJob& job, const LaneStretch& stretch,
            const LaneProgress& progress)
      : simulator_(simulator),
        job_(job),
        progress_(progress),
        random_(job.seed + 0x51ed270b0a1f39c1U * static_cast<std::uint64_t>(stretch.lane + 1)),
        lane_(stretch.lane),
        next_(stretch.first),
        end_(stretch.first + stretch.frames),
        all_(LaneSet::all(simulator.lanes())),
        frames_(static_cast<std::size_t>(simulator.lanes())),
        lanes_(static_cast<std::size_t>(simulator.lanes())) {
    std::vector<Profile> profiles;
    for (int lane = 0; lane < simulator.lanes(); ++lane)
      profiles.push_back(job.profile(lane_ + lane));
    for (std::size_t i = 0; i < job.inputs.size(); ++i)
      sources_.emplace_back(simulator, job.inputs[i], job.input_beats[i],
                            LanePace(profiles, true, random_.next()));
    for (std::size_t i = 0; i < job.outputs.size(); ++i) {
      outputs_.emplace_back(simulator, job.outputs[i], job.output_beats[i], stretch.frames, false);
      paces_.emplace_back(profiles, false, random_.next());
    }
    for (std::size_t i = 0; i < job.monitors.size(); ++i)
      monitors_.emplace_back(simulator, job.monitors[i], job.monitor_beats[i], stretch.frames,
                             true);
    simulator.wake(random_.next());
  }

  LaneResult run() {
    start();
    while ((!open_.empty() || cycle_ < drained_) && result_.stuck.empty()) cycle();
    finish();
    return std::move(result_);
  }

 private:
  /// A lane beside what its streams are.
  struct Lane {
    std::int64_t reset_left = 0;
    std::int64_t reset_at = -1;  ///< beats of the first input; -1: no more
    std::int64_t released = 0;
    std::int64_t latency = -1;  ///< of the first beat of an output
    std::int64_t owed = 0;      ///< frames that are kept for it
  };

  Lane& at(int lane) { return lanes_[static_cast<std::size_t>(lane)]; }

  void start() {
    open_ = all_;
    std::int64_t more = std::max<std::int64_t>(end_ - next_ - simulator_.lanes(), 0);
    for (Lane& lane : lanes_) {
      lane.owed = std::min(job_.in_a_row - 1, more);
      more -= lane.owed;
      owed_ += lane.owed;
    }
    all_.for_each([&](int lane) {
      if (!take_frame(lane)) open_.remove(lane);
      if (open_.has(lane) && job_.resets(lane_ + lane))
        at(lane).reset_at = reset_time(1 + at(lane).owed + more / simulator_.lanes());
      reset(lane);
    });
  }

  /// Somewhere in the first of a lane's frames, between the first and the last beat that goes in.
  std::int64_t reset_time(std::int64_t frames) {
    constexpr std::int64_t kFrames = 3;
    return 1 + random_.below(std::max<std::int64_t>(
                   1, std::min(kFrames, frames) * job_.input_beats[0].beats - 1));
  }

  void reset(int lane) {
    constexpr std::array<int, 3> kLengths = {1, 2, 16};
    at(lane).reset_left = kLengths[static_cast<std::size_t>(random_.below(3))];
    at(lane).latency = -1;
    resetting_.add(lane);
    for (LaneSource& s : sources_) {
      s.restart(lane);
      if (frames_[static_cast<std::size_t>(lane)].empty()) s.stop(lane);
    }
    for (LaneWatch& w : outputs_) w.restart(lane);
    for (LaneWatch& w : monitors_) w.restart(lane);
  }

  bool take_frame(int lane) {
    if (!may_take(lane)) return false;
    frames_[static_cast<std::size_t>(lane)].push_back(next_++);
    for (LaneSource& s : sources_) s.resume(lane);
    return true;
  }

  /// What is kept for the rows of other lanes is not taken.
  bool may_take(int lane) {
    if (frames_[static_cast<std::size_t>(lane)].empty()) return next_ != end_;
    std::int64_t& owed = at(lane).owed;
    if (owed == 0) return end_ - next_ > owed_;
    --owed;
    --owed_;
    return true;
  }

  void cycle() {
    const LaneSet running = all_ - resetting_;
    running.put(simulator_.values(job_.reset_n));
    for (LaneSource& s : sources_) s.offer(running & open_, frames_);
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      outputs_[i].pins().set_ready(paces_[i].willing(all_, outputs_[i].waiting()));
    simulator_.settle();
    if (cycle_ % kPathCheck == 0) check_paths(running);
    observe(running);
    simulator_.clock();
    ++cycle_;
    end_resets();
    pending_.for_each([&](int lane) {
      if (sources_[0].moved(lane) >= at(lane).reset_at) again(lane);
    });
    if (cycle_ % job_.patience == 0) check_patience();
    if (progress_ && cycle_ % kTell == 0) progress_(frames_done());
  }

  void observe(const LaneSet& running) {
    LaneSet ended, seen;
    for (LaneSource& s : sources_) {
      LaneSet fed;
      moved_ |= s.take(frames_, fed);
      fed.for_each([&](int lane) {
        if (!s.more(lane)) take_frame(lane);
      });
      ended |= fed;
    }
    for (LaneWatch& w : monitors_) moved_ |= w.observe(running, frames_, cycle_, ended);
    for (LaneWatch& w : outputs_) seen |= w.observe(running, frames_, cycle_, ended);
    moved_ |= seen;
    (seen - answered_).for_each([&](int lane) { at(lane).latency = cycle_ - at(lane).released; });
    answered_ |= seen;
    (ended & open_).for_each([&](int lane) { close(lane); });
  }

  /// A lane is done when everything came and it takes no other frame.
  void close(int lane) {
    const auto complete = [&](const LaneWatch& w) { return w.complete(lane, frames_); };
    const auto feeds = [&](const LaneSource& s) { return s.more(lane); };
    if ((next_ != end_ && std::ranges::any_of(sources_, feeds)) ||
        !std::ranges::all_of(outputs_, complete) || !std::ranges::all_of(monitors_, complete))
      return;
    open_.remove(lane);
    pending_.remove(lane);
    result_.lane_cycles += cycle_ + 1;
    drained_ = std::max(drained_, cycle_ + kDrain + std::min(at(lane).latency, kLongDrain));
  }

  void again(int lane) {
    pending_.remove(lane);
    at(lane).reset_at = -1;
    ++result_.resets;
    reset(lane);
  }

  void end_resets() {
    resetting_.for_each([&](int lane) {
      moved_.add(lane);
      if (--at(lane).reset_left > 0) return;
      resetting_.remove(lane);
      answered_.remove(lane);
      at(lane).released = cycle_;
      if (at(lane).reset_at >= 0) pending_.add(lane);
    });
  }

  /// Neither valid nor data of an output may depend on its ready.
  void check_paths(const LaneSet& running) {
    for (LaneWatch& w : outputs_) {
      LanePins& pins = w.pins();
      const LaneSet valid = pins.valid() & running, ready = pins.ready();
      pins.copy_rows(rows_);
      pins.set_ready(all_ - ready);
      simulator_.settle();
      const LaneSet differ = (valid ^ (pins.valid() & running)) | (valid & pins.changed(rows_));
      if (!differ.empty()) w.violate("valid-waits-for-ready", cycle_);
      pins.set_ready(ready);
      simulator_.settle();
    }
  }

  void check_patience() {
    const LaneSet waiting = open_ - moved_;
    moved_ = {};
    if (waiting.empty()) return;
    int lane = -1;
    waiting.for_each([&](int l) { lane = lane < 0 ? l : lane; });
    result_.stuck = "lane " + std::to_string(lane_ + lane) + ": no beat moves for " +
                    std::to_string(job_.patience) + " cycles:";
    const auto add = [&](const std::string& what) {
      result_.stuck += (result_.stuck.back() == ':' ? " " : "; ") + what;
    };
    for (const LaneSource& s : sources_) add(s.state(lane, frames_));
    for (const LaneWatch& w : outputs_) add(w.state(lane, frames_));
  }

  std::int64_t frames_done() const {
    std::int64_t done = 0;
    all_.for_each([&](int lane) { done += outputs_[0].frames_done(lane); });
    return done;
  }

  void finish() {
    result_.cycles = cycle_;
    open_.for_each([&](int) { result_.lane_cycles += cycle_; });
    const auto add = [&](const LaneWatch& w, std::vector<LaneStreamCounts>& counts) {
      counts.push_back(w.counts());
      if (w.first() && (!result_.first || w.first()->cycle < result_.first->cycle)) {
        result_.first = w.first();
        result_.first->lane += lane_;
      }
      result_.violations.insert(result_.violations.end(), w.violations().begin(),
                                w.violations().end());
    };
    for (const LaneWatch& w : monitors_) add(w, result_.monitors);
    for (const LaneWatch& w : outputs_) add(w, result_.outputs);
    std::ranges::stable_sort(result_.violations, {}, &Violation::cycle);
    if (progress_) progress_(frames_done());
  }

  /// Behind a lane's last beat, and as many more as its first beat took to come, if not very many.
  static constexpr std::int64_t kDrain = 1000, kLongDrain = 10000;

  NetlistSimulator& simulator_;
  const LaneJob& job_;
  const LaneProgress& progress_;
  Random random_;
  int lane_;                 ///< the first, among all parts
  std::int64_t next_, end_;  ///< frames that no lane has taken
  std::int64_t owed_ = 0;    ///< of them, those that are kept for lanes
  LaneSet all_;
  LaneFrames frames_;
  std::vector<Lane> lanes_;
  std::vector<LaneSource> sources_;
  std::vector<LaneWatch> outputs_, monitors_;
  std::vector<LanePace> paces_;  ///< of the sinks
  std::vector<std::uint64_t> rows_;
  /// Lanes that are not done; in reset; that will be reset once more; that gave a beat since their
  /// reset; where something moved lately.
  LaneSet open_, resetting_, pending_, answered_, moved_;
  std::int64_t cycle_ = 0, drained_ = 0;
  LaneResult result_;
};

bool is_input(const netlist::Netlist& netlist, netlist::Net net) {
  return std::ranges::any_of(netlist.ports, [&](const netlist::Port& port) {
    return port.input && std::ranges::find(port.bits, net) != port.bits.end();
  });
}

void check_stream(const NetlistSimulator& simulator, const LaneStream& stream,
                  const Tokens& tokens) {
  if (tokens.bits < 1 || tokens.beats < 1 || tokens.bytes.empty() ||
      tokens.bytes.size() % tokens.stride() != 0)
    user_error("stream '{}' has no beats, or a part of one", stream.name);
  if (stream.data.size() != static_cast<std::size_t>(tokens.bits))
    user_error("stream '{}' has {} wires for beats of {} bits", stream.name, stream.data.size(),
               tokens.bits);
  const auto check = [&](netlist::Net net) {
    if (!simulator.has(net))
      user_error("stream '{}': net {} is not simulated: no output depends on it", stream.name, net);
  };
  check(stream.valid);
  check(stream.ready);
  std::ranges::for_each(stream.data, check);
}

void check_driven(const NetlistSimulator& simulator, const std::string& name, netlist::Net net) {
  if (!is_input(simulator.netlist(), net))
    user_error("'{}': net {} is to be driven and is no input of the netlist", name, net);
}

void check_streams(const NetlistSimulator& simulator, const std::vector<LaneStream>& streams,
                   const std::vector<Tokens>& beats) {
  if (streams.size() != beats.size())
    user_error("{} streams have beats for {}", streams.size(), beats.size());
  for (std::size_t i = 0; i < streams.size(); ++i) check_stream(simulator, streams[i], beats[i]);
}

/// The wires of a port, or of a name; none where there is no such thing.
std::vector<netlist::Net> wires_of(const netlist::Netlist& netlist, const std::string& name) {
  if (const netlist::Port* port = netlist.port(name)) return port->bits;
  const auto at = netlist.names.find(name);
  return at == netlist.names.end() ? std::vector<netlist::Net>{} : at->second;
}

}  // namespace

std::optional<LaneStream> find_stream(const netlist::Netlist& netlist, const std::string& name,
                                      const LaneStreamNames& wires) {
  const std::vector<netlist::Net> valid = wires_of(netlist, wires.valid),
                                  ready = wires_of(netlist, wires.ready);
  LaneStream stream{name, 0, 0, wires_of(netlist, wires.data)};
  if (valid.size() != 1 || ready.size() != 1 || stream.data.empty()) return {};
  stream.valid = valid[0];
  stream.ready = ready[0];
  if (wires.last.empty()) return stream;
  const std::vector<netlist::Net> last = wires_of(netlist, wires.last);
  if (last.size() != 1) return {};
  stream.data.push_back(last[0]);
  return stream;
}

std::uint64_t expected_digest(const Tokens& tokens, std::int64_t frames) {
  std::uint64_t digest = 0;
  for (std::int64_t i = 0; i < frames * tokens.beats; ++i)
    digest += digest_beat(kNoBeats, i, tokens.beat(i), tokens.stride());
  return digest;
}

void check_job(const NetlistSimulator& simulator, const LaneJob& job) {
  if (job.frames < 1 || job.patience < 1) user_error("a run of lanes needs frames and patience");
  if (job.inputs.empty() || job.outputs.empty())
    user_error("a run of lanes needs an input and an output stream");
  check_streams(simulator, job.inputs, job.input_beats);
  check_streams(simulator, job.outputs, job.output_beats);
  check_streams(simulator, job.monitors, job.monitor_beats);
  check_driven(simulator, "reset", job.reset_n);
  for (const LaneStream& stream : job.inputs) {
    check_driven(simulator, stream.name, stream.valid);
    for (const netlist::Net net : stream.data) check_driven(simulator, stream.name, net);
  }
  for (const LaneStream& stream : job.outputs) check_driven(simulator, stream.name, stream.ready);
}

LaneResult run_stretch(NetlistSimulator& simulator, const LaneJob& job, const LaneStretch& stretch,
                       const LaneProgress& progress) {
  return LaneBench(simulator, job, stretch, progress).run();
}

LaneResult run_lanes(NetlistSimulator& simulator, const LaneJob& job,
                     const LaneProgress& progress) {
  check_job(simulator, job);
  return run_stretch(simulator, job, {0, 0, job.frames}, progress);
}

}  // namespace assay::sim
