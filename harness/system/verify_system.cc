// SPDX-License-Identifier: Apache-2.0
#include "harness/system/verify_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "compile/backend/verilog/mover_registers.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/report/sentence.h"
#include "harness/run/ledger.h"
#include "harness/system/simulated_system.h"
#include "harness/system/system_netlist.h"

namespace assay {
namespace {

/// Of the memory, under all profiles but "always": about what DDR takes.
constexpr int kLatency = 30;
/// More cycles from frame to frame than the accelerator's own interval, in percent, are said.
constexpr double kSlower = 1;
/// Buffers lie so far apart, and not on a 4 KiB border.
constexpr std::uint64_t kApart = std::uint64_t{1} << 32, kInPage = 0xf80;

/// What came of a comparison with golden's bytes.
struct Bytes {
  std::int64_t beats = 0, differing = 0;
  std::string first;
};

class SystemVerification {
 public:
  SystemVerification(const VerifySystemOptions& options, const Console& console)
      : options_(options),
        console_(console),
        session_(options.dir, options.images, options.cache),
        system_(simulated(session_, options, console)) {}

  VerifySystemResult run() {
    forget_report(session_.dir, report_file());
    session_.prove_stage(console_);
    describe();
    take_frames();
    Progress progress(console_, system_.netlist() ? "simulate netlist" : "simulate system",
                      std::ssize(options_.profiles));
    for (const sim::Profile profile : options_.profiles) {
      report_.runs.push_back(run_of(profile));
      progress.tick();
    }
    judge();
    session_.dir.write_report(report_file(), report_);
    register_files(session_.dir, {report_file()});
    if (options_.finished) options_.finished(session_.dir);
    return {report_, table()};
  }

 private:
  std::string report_file() const {
    const auto& netlist = system_.netlist();
    return netlist ? fmt::format("reports/system-{}.json", netlist->target) : "reports/system.json";
  }

  static SimulatedSystem simulated(const RtlSession& session, const VerifySystemOptions& options,
                                   const Console& console) {
    const MoverChoice choice{options.memory_bits, 16, 4, ""};
    if (options.target.empty()) return {session, choice, options.seed};
    return {session, choice, options.seed, system_target(options.target), console};
  }

  void describe() {
    report_.head = session_.report_head(options_.seed);
    report_.netlist = system_.netlist();
    const MoverChoice& choice = system_.movers().front().choice;
    report_.memory_bits = choice.memory_bits;
    report_.max_burst = choice.max_burst;
    report_.outstanding = choice.outstanding;
    report_.interval = system_.top().slowest().layer.cycles;
    for (const DataMover& m : system_.movers())
      report_.movers.push_back({m.name, m.stream, m.beat_bytes, m.slot_bytes(), m.frame_beats});
  }

  /// Golden's beats of every mover, image after image.
  void take_frames() {
    frames_.resize(system_.movers().size());
    session_.for_each_image(console_, [&](const ExactRun& run) {
      const TopFrame frame = top_frame(
          system_.top(), [&](const Tensor* tensor) { return integers(run.values.at(tensor)); });
      for (std::size_t m = 0; m < frames_.size(); ++m)
        frames_[m].push_back(system_.beats(frame, m));
    });
  }

  report::System::Run run_of(sim::Profile profile) {
    const bool always = profile == sim::Profile::kAlways;
    report::System::Run run;
    run.profile = sim::profile_name(profile);
    run.latency = always ? 0 : kLatency;
    run.verdict = Verdict::kEquivalent;
    system_.host().reset();
    system_.host().pace(
        {profile, static_cast<int>(run.latency), sim::AxiTiming::Order::kAny, options_.seed});
    const std::int64_t all = session_.image_count, part = (all + 1) / 2;
    transfer(run, 0, all);
    run.cycles = last_cycles_;
    transfer(run, all - part, part);
    if (always && all > part)
      report_.measured =
          static_cast<double>(run.cycles - last_cycles_) / static_cast<double>(all - part);
    for (const sim::Violation& v : system_.host().violations())
      run.violations.push_back({v.rule, v.stream, v.cycle});
    if (!run.violations.empty())
      note(run, Verdict::kDifferent,
           fmt::format("{} on {} at cycle {}", run.violations[0].rule, run.violations[0].stream,
                       run.violations[0].cycle));
    if (run.predicted == 0 || run.compared != run.predicted)
      note(run, Verdict::kInconclusive,
           fmt::format("{} of {} predicted beats were compared", run.compared, run.predicted));
    if (run.verdict == Verdict::kEquivalent) run.reason = "every byte of every output agrees";
    return run;
  }

  static void note(report::System::Run& run, Verdict verdict, const std::string& reason) {
    Judgement judgement{run.verdict, run.reason};
    judgement.note(verdict, reason);
    run.verdict = judgement.verdict;
    run.reason = judgement.reason;
  }

  static std::uint64_t base(std::size_t mover) { return kApart * (mover + 1) + kInPage; }

  std::string bytes(std::size_t mover, std::int64_t first, std::int64_t frames) const {
    std::string beats;
    for (std::int64_t f = first; f < first + frames; ++f)
      beats += frames_[mover][static_cast<std::size_t>(f)];
    return system_.movers()[mover].to_memory(beats);
  }

  /// Images from `first` on, from memory to memory.
  void transfer(report::System::Run& run, std::int64_t first, std::int64_t frames) {
    ++run.transfers;
    for (const DataMover& m : system_.movers())
      if (!m.reads) run.predicted += frames * m.frame_beats;
    place_buffers(first, frames);
    if (!moved(run, frames)) return;
    for (std::size_t m = 0; m < frames_.size(); ++m) {
      const DataMover& mover = system_.movers()[m];
      if (const std::string error = error_text(m); !error.empty())
        note(run, Verdict::kDifferent, fmt::format("{} says: {}", mover.name, error));
      if (mover.reads) continue;
      const std::string expected = bytes(m, first, frames),
                        got = system_.host().get(base(m), expected.size());
      const Bytes found = compare(mover, expected, got, first);
      run.compared += found.beats;
      run.differing += found.differing;
      if (found.differing > 0)
        note(run, Verdict::kDifferent,
             fmt::format("{} beats differ, first {}", found.differing, found.first));
      if (found.differing == 0) plant(mover, expected, got, first);
    }
  }

  void place_buffers(std::int64_t first, std::int64_t frames) {
    system_.host().clear();
    for (std::size_t m = 0; m < frames_.size(); ++m) {
      const DataMover& mover = system_.movers()[m];
      system_.host().map({base(m), static_cast<std::uint64_t>(mover.transfer_bytes(frames))},
                         mover.reads, !mover.reads);
      if (mover.reads) system_.host().put(base(m), bytes(m, first, frames));
    }
  }

  /// Starts all movers, who waits first, and waits for them; false: who is not done.
  bool moved(report::System::Run& run, std::int64_t frames) {
    for (std::size_t m = frames_.size(); m-- > 0;) {
      write(m, "interrupt_status", 3);
      write(m, "global_interrupt_enable", 1);
      write(m, "interrupt_enable", 3);
      write(m, "base_low", base(m) & 0xffffffffU);
      write(m, "base_high", base(m) >> 32);
      write(m, "frames", static_cast<std::uint64_t>(frames));
      write(m, "control", mover_bit("control", "start"));
    }
    const std::uint64_t everyone = (std::uint64_t{1} << frames_.size()) - 1;
    // Stalls cost at most the factor of the slowest profile.
    const std::int64_t patience = (frames + 4) * system_.top().patience;
    if (!system_.host().wait(everyone, patience)) {
      note(run, Verdict::kDifferent,
           fmt::format("{} frames are not through after {} cycles", frames, patience));
      return false;
    }
    last_cycles_ = 0;
    for (std::size_t m = 0; m < frames_.size(); ++m)
      last_cycles_ =
          std::max(last_cycles_, static_cast<std::int64_t>(read(m, "cycles_low")) |
                                     static_cast<std::int64_t>(read(m, "cycles_high")) << 32);
    return true;
  }

  void write(std::size_t mover, std::string_view reg, std::uint64_t value) {
    system_.host().write(mover, offset(reg), static_cast<std::uint32_t>(value));
  }
  std::uint32_t read(std::size_t mover, std::string_view reg) {
    return system_.host().read(mover, offset(reg));
  }
  static unsigned offset(std::string_view name) {
    return std::ranges::find(kMoverRegisters, name, &MoverRegister::name)->offset;
  }

  std::string error_text(std::size_t mover) {
    const std::uint32_t error = read(mover, "error");
    for (const MoverBit& bit : kMoverBits)
      if (bit.reg == "error" && (error >> bit.bit & 1U) != 0) return std::string(bit.meaning);
    return "";
  }

  Bytes compare(const DataMover& mover, std::string_view expected, std::string_view got,
                std::int64_t first) const {
    Bytes found;
    const auto slot = static_cast<std::size_t>(mover.slot_bytes());
    for (std::size_t at = 0; at + slot <= std::min(expected.size(), got.size()); at += slot) {
      const std::string_view wanted = expected.substr(at, slot), seen = got.substr(at, slot);
      ++found.beats;
      if (wanted == seen) continue;
      if (found.differing++ == 0) {
        const auto beat = static_cast<std::int64_t>(at / slot);
        const auto byte = std::ranges::mismatch(wanted, seen).in1 - wanted.begin();
        found.first =
            fmt::format("image {}, {} beat {}, byte {}: expected {:02x}, got {:02x}",
                        session_.images.first + first + beat / mover.frame_beats, mover.name,
                        beat % mover.frame_beats, byte,
                        static_cast<unsigned char>(wanted[static_cast<std::size_t>(byte)]),
                        static_cast<unsigned char>(seen[static_cast<std::size_t>(byte)]));
      }
    }
    return found;
  }

  /// The first and the last byte of what is expected turned round: each has to be one beat that differs.
  void plant(const DataMover& mover, const std::string& expected, std::string_view got,
             std::int64_t first) {
    for (const std::size_t at : {std::size_t{0}, expected.size() - 1}) {
      std::string faulty = expected;
      faulty[at] = static_cast<char>(~faulty[at]);
      ++report_.canaries.planted;
      if (compare(mover, faulty, got, first).differing == 1) ++report_.canaries.caught;
    }
  }

  void judge() {
    Judgement judgement{Verdict::kEquivalent, ""};
    for (const report::System::Run& run : report_.runs) {
      report_.head.predicted += run.predicted;
      report_.head.compared += run.compared;
      report_.head.differing += run.differing;
      judgement.note(run.verdict, fmt::format("{}: {}", run.profile, run.reason));
    }
    const report::Canaries& c = report_.canaries;
    if (judgement.verdict != Verdict::kDifferent && (c.planted == 0 || c.caught != c.planted))
      judgement.note(Verdict::kInconclusive,
                     fmt::format("{} of {} planted faults were noticed", c.caught, c.planted));
    if (judgement.verdict == Verdict::kEquivalent)
      judgement.reason = "every byte of every output agrees";
    report_.head.verdict = judgement.verdict;
    report_.reason = judgement.reason;
  }

  std::string table() const {
    std::vector<std::vector<std::string>> rows = {
        {"memory", "latency", "transfers", "cycles", "beats", "differing", "verdict"}};
    for (const report::System::Run& r : report_.runs)
      rows.push_back({r.profile, grouped(r.latency), grouped(r.transfers), grouped(r.cycles),
                      grouped(r.compared), grouped(r.differing),
                      std::string(verdict_name(r.verdict))});
    std::string text = "\n" + table_text(rows) + pace_text();
    if (report_.head.verdict != Verdict::kEquivalent)
      text += "\n" + sentence(report_.reason) + "\n";
    if (const auto& n = report_.netlist)
      text += fmt::format(
          "\nsimulated was the netlist for {}: {} LUTs, {} flip-flops, {} block RAMs, {} DSPs\n",
          n->target, grouped(n->cells.lut), grouped(n->cells.ff), grouped(n->cells.bram),
          grouped(n->cells.dsp));
    return text + fmt::format(
                      "\n{}: {} images from memory to memory, {} of {} predicted beats "
                      "compared, {} differing; {} of {} planted faults caught\n",
                      verdict_name(report_.head.verdict), session_.image_count,
                      grouped(report_.head.compared), grouped(report_.head.predicted),
                      grouped(report_.head.differing), report_.canaries.caught,
                      report_.canaries.planted);
  }

  std::string pace_text() const {
    if (!report_.measured) return "";
    const double more = (*report_.measured / static_cast<double>(report_.interval) - 1) * 100;
    std::string text = fmt::format(
        "\nframes follow each other after {:.1f} cycles from memory to memory ({} bits wide); the "
        "accelerator alone takes {}\n",
        *report_.measured, report_.memory_bits, grouped(report_.interval));
    if (more > kSlower)
      text += fmt::format("WARNING: with its data movers it is {:.1f} % slower{}\n", more,
                          words_of_a_frame() > report_.interval
                              ? fmt::format(": its memory port moves {} words a frame; a wider "
                                            "one (--memory-bits) moves less",
                                            words_of_a_frame())
                              : "");
    return text;
  }

  /// Of the mover that has most.
  std::int64_t words_of_a_frame() const {
    std::int64_t most = 0;
    for (const DataMover& m : system_.movers())
      most = std::max(most, m.transfer_bytes(1) * 8 / m.choice.memory_bits);
    return most;
  }

  const VerifySystemOptions& options_;
  const Console& console_;
  const RtlSession session_;
  SimulatedSystem system_;
  std::vector<std::vector<std::string>> frames_;  ///< per mover and image, as tdata
  std::int64_t last_cycles_ = 0;                  ///< of a transfer, from start to done
  report::System report_;
};

}  // namespace

VerifySystemResult verify_system(const VerifySystemOptions& options, const Console& console) {
  return SystemVerification(options, console).run();
}

}  // namespace assay
