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
#include "harness/selftest/bench_faults.h"
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

  fs::path build(const std::string& label, const std::vector<BenchMutant::Change>& changes) {
    std::map<std::string, std::string> changed;
    for (const BenchMutant::Change& c : changes) {
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

/// Those of this design beside those of every other.
std::vector<BenchMutant> mutants() {
  const std::string watch = "sim/bench/watch.cc",
                    compare = "if (!same(tokens_->beat(moved()), pins_.data, pins_.bytes())) {";
  std::vector<BenchMutant> list = bench_mutants();
  list.push_back(
      {"low-byte", {{watch, compare, "if (!same(tokens_->beat(moved()), pins_.data, 1)) {"}}});
  list.push_back({"all-but-tlast",
                  {{watch, compare,
                    "if (!same(tokens_->beat(moved()), pins_.data, 1) ||\n"
                    "      ((tokens_->beat(moved())[1] ^ pins_.data[1]) & 0x7f) != 0) {"}}});
  list.push_back(
      {"first-output", {{watch, compare, "if (name_ != \"out1\" && " + compare.substr(4)}}});
  return list;
}

/// Each mutant is compiled: every `step`-th of them.
void expect_inconclusive(std::size_t step) {
  const TempDir dir;
  Programs programs(dir.path());
  const Judgement right = judged(programs.build("unchanged", {}), "unchanged", dir);
  ASSERT_EQ(right.verdict, Verdict::kEquivalent) << right.reason;
  const std::vector<BenchMutant> all = mutants();
  for (std::size_t i = 0; i < all.size(); i += step) {
    const Judgement j = judged(programs.build(all[i].name, all[i].changes), all[i].name, dir);
    EXPECT_EQ(j.verdict, Verdict::kInconclusive) << all[i].name << ": " << j.reason;
  }
}

TEST(BenchMutants, EndInconclusive) { expect_inconclusive(4); }
TEST(BenchMutantsNightly, EndInconclusive) { expect_inconclusive(1); }

}  // namespace
}  // namespace assay
