// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "harness/rtl/canaries.h"
#include "harness/rtl/node_report.h"
#include "hw/layer_runs.h"
#include "sim/model/runtime_sources.h"

/// A bench that does not do its work must not lead to EQUIVALENT, whatever it reports. Simulation
/// programs are built here with faults in the sources of the bench, around a right design.
namespace assay {
namespace {

namespace fs = std::filesystem;

/// Copies its input to two outputs, each through a queue of two beats; the input and the first
/// output are watched as streams inside.
constexpr std::string_view kDesign = R"(#include <cstring>
#include <deque>

#include "sim/bench/model_glue.h"

namespace assay::sim {
namespace {

struct Queue {
  std::uint8_t valid = 0, ready = 0, data[2] = {};
  std::deque<std::uint16_t> beats;
};

class Copies final : public Dut {
 public:
  Copies() {
    clk = &clk_;
    rst_n = &rst_n_;
    inputs = {{&valid_, &ready_, data_, 16}};
    for (Queue& q : queues_) outputs.push_back({&q.valid, &q.ready, q.data, 16});
    monitors = {inputs[0], outputs[0]};
  }
  void eval() override {
    if (clk_ != 0 && last_clk_ == 0) tick();
    last_clk_ = clk_;
    ready_ = queues_[0].beats.size() < 2 && queues_[1].beats.size() < 2;
    for (Queue& q : queues_) {
      q.valid = !q.beats.empty();
      if (q.valid != 0) std::memcpy(q.data, &q.beats.front(), 2);
    }
  }

 private:
  void tick() {
    const bool takes = valid_ != 0 && ready_ != 0;
    std::uint16_t beat;
    std::memcpy(&beat, data_, 2);
    for (Queue& q : queues_) {
      if (q.valid != 0 && q.ready != 0) q.beats.pop_front();
      if (takes) q.beats.push_back(beat);
      if (rst_n_ == 0) q.beats.clear();
    }
  }
  std::uint8_t clk_ = 0, last_clk_ = 0, rst_n_ = 1, valid_ = 0, ready_ = 0, data_[2] = {};
  Queue queues_[2];
};

}  // namespace

std::unique_ptr<Dut> make_dut(int, std::uint64_t, const std::string&,
                              const std::vector<std::uint64_t>&) {
  return std::make_unique<Copies>();
}

}  // namespace assay::sim
)";

constexpr std::int64_t kBeats = 16, kFrames = 4;

/// The design as the harness knows a node.
PreparedNode copies() {
  PreparedNode node;
  sim::Tokens tokens{16, kBeats, {}, true};
  for (std::int64_t i = 0; i < kBeats * kFrames; ++i) {
    const auto beat =
        static_cast<std::uint16_t>(i * 1237 % 0x8000 | (i % kBeats == kBeats - 1 ? 0x8000 : 0));
    tokens.bytes.push_back(static_cast<std::uint8_t>(beat & 0xff));
    tokens.bytes.push_back(static_cast<std::uint8_t>(beat >> 8));
  }
  node.inputs = {tokens};
  node.outputs = node.monitors = {tokens, tokens};
  node.rtl.layer.cycles = kBeats;
  node.patience = patience_with(kBeats);
  node.folder = "rtl/copies";
  return node;
}

/// A piece of the bench that is replaced.
struct Change {
  std::string file, from, to;
};
struct Mutant {
  std::string name;
  std::vector<Change> changes;
};

/// Builds programs; sources that are not changed are compiled once.
class Programs {
 public:
  explicit Programs(fs::path folder) : folder_(std::move(folder)) {
    for (const sim::RuntimeSource& source : sim::runtime_sources())
      texts_[std::string(source.name)] = source.text;
    texts_["dut.cc"] = kDesign;
    for (const auto& [name, text] : texts_) write(folder_ / "right" / name, text);
    for (const auto& [name, text] : texts_)
      if (name.ends_with(".cc")) objects_[name] = compile("right", name);
  }

  fs::path build(const std::string& label, const std::vector<Change>& changes) {
    std::map<std::string, std::string> changed;
    for (const Change& c : changes) {
      std::string& text = changed.try_emplace(c.file, texts_.at(c.file)).first->second;
      const std::size_t at = text.find(c.from);
      EXPECT_NE(at, std::string::npos) << label << ": " << c.from;
      if (at != std::string::npos) text.replace(at, c.from.size(), c.to);
    }
    fs::create_directories(folder_ / label);
    std::map<std::string, fs::path> objects = objects_;
    for (const auto& [name, text] : changed) {
      write(folder_ / label / name, text);
      objects[name] = compile(label, name);
    }
    std::vector<std::string> command = {find_program("g++", "g++").string()};
    for (const auto& [name, object] : objects) command.push_back(object.string());
    const fs::path program = folder_ / label / "model";
    command.insert(command.end(), {"-o", program.string()});
    run(command);
    return program;
  }

 private:
  static void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    write_file(path, text);
  }
  void run(const std::vector<std::string>& command) const {
    const ProcessResult result = run_process(command, folder_, std::chrono::seconds(120));
    EXPECT_TRUE(result.ok()) << result.output;
  }
  fs::path compile(const std::string& label, const std::string& name) const {
    const fs::path source = folder_ / label / name;
    run({find_program("g++", "g++").string(), "-std=c++20", "-O0", "-c",
         "-I" + (folder_ / "right").string(), source.string(), "-o", source.string() + ".o"});
    return source.string() + ".o";
  }

  fs::path folder_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, fs::path> objects_;
};

/// What the harness says of the right design with a program.
Judgement judged(const fs::path& program, const std::string& label, const TempDir& dir) {
  VerifiedNode v;
  v.prepared = copies();
  v.model = {label, program};
  const auto plan = [&](std::vector<SimRun>& runs, sim::Profile profile,
                        std::int64_t frames) -> SimRun& {
    SimRun& run = runs.emplace_back();
    run.profile = profile;
    run.seed = 5;
    run.frames = frames;
    run.predicted = 2 * kBeats * frames;
    return run;
  };
  plan(v.runs, sim::Profile::kAlways, kFrames);
  plan(v.runs, sim::Profile::kBursts, kFrames);
  plan(v.canaries, sim::Profile::kAlways, kFrames).planted = draw_faults(v.prepared, kFrames, 9);
  plan(v.canaries, sim::Profile::kBernoulli, 1).breaks_rules = true;
  const RunDir folder(dir.path() / ("run-" + label));
  folder.make_folder(v.prepared.folder);
  const SimRunner runner(folder, hw::test::model_cache());
  for (auto* runs : {&v.runs, &v.canaries})
    for (SimRun& run : *runs) runner.run(v.prepared, v.model, run);
  return judge_node(v, {});
}

const std::string kWatch = "sim/bench/watch.cc", kBench = "sim/bench/bench.cc";
const std::string kCompare = "if (!same(tokens_->beat(moved()), pins_.data, pins_.bytes())) {",
                  kDigest = "counts_.digest = digest_beat(";

/// A comparison that takes place on a condition only.
Change compares_where(const std::string& condition) {
  return {kWatch, kCompare, "if (" + condition + " && " + kCompare.substr(4)};
}

std::vector<Mutant> mutants() {
  const Change always_equal = {kWatch, "return std::memcmp(a, b, bytes) == 0;", "return true;"};
  return {
      {"always-equal", {always_equal}},
      {"no-violations",
       {{kWatch, "if (std::ranges::find(violations_, rule, &Violation::rule) == violations_.end())",
         "if (false)"}}},
      {"first-beats", {compares_where("moved() < 9")}},
      {"first-beats-digested",
       {compares_where("moved() < 9"), {kWatch, kDigest, "if (moved() < 9) " + kDigest}}},
      {"all-but-the-last-frame", {compares_where("moved() < counts_.predicted - tokens_->beats")}},
      {"all-but-the-last-beat", {compares_where("moved() + 1 < counts_.predicted")}},
      {"every-other-frame", {compares_where("moved() / tokens_->beats % 2 == 0")}},
      {"low-byte", {{kWatch, kCompare, "if (!same(tokens_->beat(moved()), pins_.data, 1)) {"}}},
      {"all-but-tlast",
       {{kWatch, kCompare,
         "if (!same(tokens_->beat(moved()), pins_.data, 1) ||\n"
         "      ((tokens_->beat(moved())[1] ^ pins_.data[1]) & 0x7f) != 0) {"}}},
      {"first-output", {compares_where("name_ != \"out1\"")}},
      {"outputs-alone", {compares_where("name_[0] == 'o'")}},
      {"golden-digested",
       {always_equal,
        {kWatch, "digest_beat(counts_.digest, moved(), pins_.data,",
         "digest_beat(counts_.digest, moved(), tokens_->beat(moved()),"}}},
      {"counted-unseen",
       {{kWatch, "  if (counts_.first < 0) counts_.first = cycle;",
         "  if (counts_.first >= 0) {\n    counts_.last = cycle;\n    ++counts_.compared;\n"
         "    return;\n  }\n  counts_.first = cycle;"}}},
      {"nothing-differs", {{kWatch, "    ++counts_.differing;\n", ""}}},
      {"no-extra-beats", {{kWatch, "violate(\"extra-beat\", time);", ";"}}},
      {"no-changes", {{kWatch, "violate(\"data-changed\", time);", ";"}}},
      {"no-withdrawals", {{kWatch, "violate(\"valid-withdrawn\", time);", ";"}}},
      {"no-paths", {{kBench, "s.violate(\"valid-waits-for-ready\", time_);", ";"}}},
      {"no-drain", {{kBench, "if (result_.stuck.empty()) drain();", ""}}},
      {"no-rules-inside",
       {{kBench, "result_.violations.insert(", "if (!monitor) result_.violations.insert("}}},
      {"half-the-cycles", {{kBench, "result_.cycles = end_;", "result_.cycles = end_ / 2;"}}},
      {"other-frame-ends", {{kBench, "end = std::max(end, cycle_);", "end = 2 * cycle_;"}}},
  };
}

TEST(BenchMutants, EndInconclusive) {
  const TempDir dir;
  Programs programs(dir.path());
  const Judgement right = judged(programs.build("unchanged", {}), "unchanged", dir);
  ASSERT_EQ(right.verdict, Verdict::kEquivalent) << right.reason;
  for (const Mutant& mutant : mutants()) {
    const Judgement j = judged(programs.build(mutant.name, mutant.changes), mutant.name, dir);
    EXPECT_EQ(j.verdict, Verdict::kInconclusive) << mutant.name << ": " << j.reason;
  }
}

}  // namespace
}  // namespace assay
