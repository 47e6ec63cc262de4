// SPDX-License-Identifier: Apache-2.0
#include "harness/board/host.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/board/link.h"
#include "harness/report/sentence.h"
#include "harness/run/identity.h"

namespace assay {
namespace {

using board::BoardDesign;
using Clock = std::chrono::steady_clock;

constexpr int kSimulatedClocks = 4;  ///< of a bit: the line is not what is simulated
constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kStride = 7;  ///< of flipped bits, from frame to frame

class HostRun {
 public:
  HostRun(const RtlSession& session, const HostOptions& options, const Console& console)
      : options_(options), console_(console), session_(session), design_(session_) {
    session_.prove_stage(console_);
    note_inputs();
  }

  HostResult run() {
    frames_ = design_.frames(console_);
    Judgement judgement{Verdict::kEquivalent, "every result is golden's"};
    try {
      talk();
    } catch (const board::EndlessTalk& fault) {
      // A simulated line has no noise: all that comes is the board's own.
      judgement = given_up(simulated_ ? Verdict::kDifferent : Verdict::kInconclusive, fault);
    } catch (const board::BoardFault& fault) {
      judgement = given_up(Verdict::kInconclusive, fault);
    }
    judge(judgement);
    report_.verdict = judgement.verdict;
    report_.reason = judgement.reason;
    return {report_, table()};
  }

 private:
  void note_inputs() {
    report_.assay = assay_identity();
    report_.stage = session_.stage().id;
    report_.stage_sha256 = session_.stage().sha256;
    report_.data = data_identity(session_.images);
    report_.images = session_.image_count;
    report_.content_hash = design_.hash;
    if (options_.simulator) {
      report_.simulated = options_.simulated;
      return;
    }
    report_.port = options_.port;
    report_.baud = options_.baud;
  }

  Judgement given_up(Verdict verdict, const board::BoardFault& fault) const {
    if (simulated_ && !simulated_->failure().empty())
      tool_error("the simulated board ended:\n{}", simulated_->failure());
    return {verdict, fault.what()};
  }

  /// With every board at a time.
  void talk() {
    if (options_.simulator) simulated_ = options_.simulator(design_);
    auto channels = simulated_ ? simulated_->open() : open_port();
    report_.boards = std::ssize(channels);
    for (std::int64_t i = 0; i < report_.boards; ++i) report_.predicted += std::ssize(share_of(i));
    Progress progress(console_, "board", report_.predicted);
    const Clock::time_point start = Clock::now();
    std::vector<std::exception_ptr> faults(channels.size());
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < channels.size(); ++i)
        others.emplace_back([&, i] { faults[i] = talk_to(std::move(channels[i]), i, progress); });
      faults[0] = talk_to(std::move(channels[0]), 0, progress);
    }
    report_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    for (const std::exception_ptr& fault : faults)
      if (fault) std::rethrow_exception(fault);
    if (report_.seconds > 0)
      report_.frames_per_second = static_cast<double>(report_.compared) / report_.seconds;
  }

  std::vector<std::unique_ptr<board::Channel>> open_port() const {
    std::vector<std::unique_ptr<board::Channel>> channels;
    channels.push_back(
        std::make_unique<board::FileChannel>(board::open_serial(options_.port, options_.baud)));
    return channels;
  }

  /// The frames of a board. One of several that is left with few repeats those of others: it woke up
  /// otherwise, and what is left over from a frame shows in the next ones.
  std::vector<std::int64_t> share_of(std::int64_t board) const {
    const std::int64_t count = std::ssize(frames_);
    std::vector<std::int64_t> share;
    for (std::int64_t frame = board; frame < count; frame += report_.boards) share.push_back(frame);
    while (report_.boards > 1 && std::ssize(share) < kLeastFrames)
      share.push_back((board + std::ssize(share)) % count);
    return share;
  }

  /// Returns what went wrong.
  std::exception_ptr talk_to(std::unique_ptr<board::Channel> channel, std::size_t index,
                             Progress& progress) try {
    board::Line line(*channel);
    board::BoardLink link(line, std::chrono::milliseconds(std::llround(options_.patience * 1000)));
    std::exception_ptr fault;
    try {
      const board::Identity identity = link.identify();
      if (index == 0) note(identity);
      require_same(identity);
      stream(link, identity, static_cast<std::int64_t>(index), progress);
    } catch (const board::BoardFault&) {
      fault = std::current_exception();
    }
    note(link.counts());
    return fault;
  } catch (...) {
    return std::current_exception();
  }

  void note(const board::Identity& id) {
    report_.board = {id.content_hash, id.clock_hz,  id.in_bytes,
                     id.in_beats,     id.out_bytes, id.out_beats};
  }
  void note(const board::LinkCounts& counts) {
    const std::lock_guard lock(mutex_);
    report_.link.damaged += counts.damaged;
    report_.link.repeats += counts.repeats;
    report_.link.restarts += counts.restarts;
  }

  /// BoardFault for a board that holds something else.
  void require_same(const board::Identity& id) const {
    if (id.content_hash != design_.hash)
      throw board::BoardFault(fmt::format(
          "stale bitstream: the board was built from RTL {:.16}, the run's is {:.16}; build and "
          "flash it again",
          id.content_hash, design_.hash));
    const ShellAccelerator& a = design_.accelerator;
    if (id.in_bytes != a.in_bytes || id.in_beats != a.in_beats || id.out_bytes != a.out_bytes ||
        id.out_beats != a.out_beats)
      throw board::BoardFault(
          "the board's frames have another size than the run's, though it has "
          "the hash of its RTL");
  }

  void stream(board::BoardLink& link, const board::Identity& identity, std::int64_t index,
              Progress& progress) {
    const std::vector<std::int64_t> share = share_of(index);
    std::optional<std::uint32_t> last_cycles;
    const auto frame = [&](std::int64_t i) { return share.at(static_cast<std::size_t>(i)); };
    link.stream(
        identity, std::ssize(share),
        [&](std::int64_t i) {
          progress.tick(0);  // of a simulated board the first frame may take minutes
          return std::string_view(frame_at(frame(i)).input);
        },
        [&](std::int64_t i, const board::FrameResult& result) {
          const std::lock_guard lock(mutex_);
          compare(frame(i), result);
          if (index + i * report_.boards < std::ssize(frames_)) count_label(frame(i), result.bytes);
          // Sessions begin anew at zero.
          if (last_cycles && result.cycles > *last_cycles)
            report_.cycles_per_frame = result.cycles - *last_cycles;
          last_cycles = result.cycles;
          progress.tick();
        });
  }

  const BoardDesign::Frame& frame_at(std::int64_t frame) const {
    return frames_.at(static_cast<std::size_t>(frame));
  }

  static bool differs(const std::string& expected, const std::string& got) {
    return expected != got;
  }

  /// A bit of golden's flipped must be noticed in what came.
  void plant(std::int64_t frame, std::string expected, const std::string& got) {
    const bool wrong = differs(expected, got);
    const std::size_t bit = static_cast<std::size_t>(frame) * kStride % (8 * expected.size());
    expected[bit / 8] = static_cast<char>(expected[bit / 8] ^ 1 << bit % 8);
    ++report_.canaries.planted;
    report_.canaries.caught += wrong || differs(expected, got) ? 1 : 0;
  }

  void compare(std::int64_t frame, const board::FrameResult& result) {
    const std::string& expected = frame_at(frame).output;
    ++report_.compared;
    plant(frame, expected, result.bytes);
    if (differs(expected, result.bytes)) {
      ++report_.differing;
      if (!first_differing_ || frame < *first_differing_) {
        first_differing_ = frame;
        report_.first_difference = fmt::format("image {}, {}", session_.images.first + frame,
                                               design_.difference_text(expected, result.bytes));
      }
    }
  }

  void count_label(std::int64_t frame, const std::string& got) {
    const std::string& expected = frame_at(frame).output;
    const auto& labels = session_.images.set.labels;
    const auto golden = labels.empty() ? std::nullopt : design_.label(expected);
    if (!golden) return;
    if (!report_.labels) report_.labels.emplace();
    const std::int64_t label = labels.at(static_cast<std::size_t>(frame));
    ++report_.labels->images;
    report_.labels->golden_correct += *golden == label ? 1 : 0;
    report_.labels->board_correct += design_.label(got) == label ? 1 : 0;
  }

  void judge(Judgement& judgement) const {
    if (report_.compared != report_.predicted || report_.predicted == 0)
      judgement.note(Verdict::kInconclusive,
                     fmt::format("{} of {} results came", report_.compared, report_.predicted));
    if (report_.canaries.planted != report_.compared ||
        report_.canaries.caught != report_.canaries.planted)
      judgement.note(Verdict::kInconclusive,
                     fmt::format("{} of {} flipped bits were noticed", report_.canaries.caught,
                                 report_.canaries.planted));
    if (report_.differing > 0)
      judgement.note(Verdict::kDifferent,
                     fmt::format("{} of {} results differ, first {}", report_.differing,
                                 report_.compared, report_.first_difference.value()));
  }

  std::string table() const;

  const HostOptions& options_;
  const Console& console_;
  const RtlSession& session_;
  const BoardDesign design_;
  std::vector<BoardDesign::Frame> frames_;
  std::unique_ptr<board::SimulatedBoard> simulated_;
  std::mutex mutex_;  ///< of what follows
  std::optional<std::int64_t> first_differing_;
  report::Host report_;
};

std::string accuracy_text(const report::HostLabels& labels) {
  const auto share = [&](std::int64_t correct) {
    return percent(static_cast<double>(correct) / static_cast<double>(labels.images));
  };
  return fmt::format("accuracy: {} on the board, {} golden's, of {} images\n",
                     share(labels.board_correct), share(labels.golden_correct),
                     grouped(labels.images));
}

std::string HostRun::table() const {
  const report::Host& r = report_;
  std::string text;
  if (r.board)
    text +=
        fmt::format("board: RTL {:.16}, {} MHz, {} bytes in and {} out a frame\n",
                    r.board->content_hash, static_cast<double>(r.board->clock_hz) / 1e6,
                    r.board->in_bytes * r.board->in_beats, r.board->out_bytes * r.board->out_beats);
  if (r.frames_per_second)
    text += fmt::format("{:.1f} frames/s over the line", *r.frames_per_second);
  if (r.frames_per_second && r.cycles_per_frame)
    text += fmt::format(", {} cycles a frame", grouped(*r.cycles_per_frame));
  if (r.frames_per_second) text += "\n";
  if (r.link.damaged + r.link.repeats + r.link.restarts > 0)
    text += fmt::format("line: {} damaged packets, {} repeats, {} restarts\n", r.link.damaged,
                        r.link.repeats, r.link.restarts);
  if (r.labels && !r.data.synthetic) text += accuracy_text(*r.labels);
  return text + fmt::format("\n{}: {} ({} of {} images compared, {} differing)\n",
                            verdict_name(r.verdict), r.reason, grouped(r.compared),
                            grouped(r.predicted), grouped(r.differing));
}

}  // namespace

HostResult host(const HostOptions& options, const Console& console) {
  const RtlSession session(options.dir, options.images, options.cache,
                           options.simulator ? kVerifiedImages : kAllImages);
  return host(session, options, console);
}

HostResult host(const RtlSession& session, const HostOptions& options, const Console& console) {
  return HostRun(session, options, console).run();
}

std::unique_ptr<board::SimulatedBoard> simulate_rtl(const board::BoardDesign& design) {
  ShellSpec spec;
  spec.board.name = "simulated";
  spec.accelerator = design.accelerator;
  spec.content_hash = design.hash;
  spec.clocks_per_bit = kSimulatedClocks;
  std::vector<sim::SourceFile> sources = design.sources();
  for (const NodeRtl::File& file : shell_rtl(spec))
    if (std::ranges::find(sources, file.name, &sim::SourceFile::name) == sources.end())
      sources.push_back({file.name, file.text});
  return std::make_unique<board::RtlBoard>(design.session.cache, std::move(sources), design.folder,
                                           kSimulatedClocks, kSeed);
}

}  // namespace assay
