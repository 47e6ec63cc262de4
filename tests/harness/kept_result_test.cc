// SPDX-License-Identifier: Apache-2.0
// Results of simulations that an earlier verification kept.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/rtl/node_run.h"
#include "harness/rtl/result_fault.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

using TextEdit = std::function<std::string(std::string)>;

TextEdit replaced(const std::string& from, const std::string& to) {
  return [=](std::string text) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
  };
}

TEST(KeptResults, AreSimulatedAgainWhenAnythingOfThemIsEdited) {
  const TempDir dir;
  const fs::path model = save_integer_network(dir.path() / "net.onnx"), out = dir.path() / "out";
  ASSERT_EQ(run_assay({"run", model.string(), "--images", "4", "--target-cycles", "512", "--out",
                       out.string()})
                .code,
            0);
  const auto verify = [&] {
    return run_assay({"verify", out.string(), "--level", "rtl-top", "--images", "2"});
  };
  ASSERT_EQ(verify().code, 0);
  const std::string report = read_file(out / "reports/rtl-top.json");
  const std::vector<std::pair<std::string, TextEdit>> edits = {
      {"differing beats", replaced("\ncycles ", " 3\ncycles ")},
      {"negative counts", replaced("counts ", "counts -")},
      {"another cycle", replaced("\nframe ", "\nframe 1")},
      {"a stream less", replaced("\nmonitor ", "\nviolation x y ")},
      {"no checksum",
       [](const std::string& text) { return text.substr(0, text.find("checksum")); }},
      {"another checksum", replaced("checksum ", "checksum 0")},
      {"cut off", [](const std::string& text) { return text.substr(0, text.size() / 2); }},
      {"nothing", [](const std::string&) { return std::string(); }},
      {"words", [](const std::string&) { return std::string("differing > 0\n"); }},
  };
  for (const auto& [what, edit] : edits) {
    SCOPED_TRACE(what);
    std::int64_t files = 0;
    for (const auto& entry : fs::directory_iterator(out / "build/results")) {
      write_file(entry.path(), edit(read_file(entry.path())));
      ++files;
    }
    EXPECT_EQ(files, 4);  // two profiles and two canaries
    const CommandResult result = verify();
    EXPECT_EQ(result.code, 0) << result.err << result.out;
    EXPECT_THAT(result.out, HasSubstr("0 of 2 runs kept"));
    EXPECT_THAT(result.err, HasSubstr("is simulated again"));
    EXPECT_EQ(read_file(out / "reports/rtl-top.json"), report);
  }
  // The result of another run, whole as it is.
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(out / "build/results"))
    files.push_back(entry.path());
  const std::string first = read_file(files.at(0));
  write_file(files[0], read_file(files.at(1)));
  write_file(files[1], first);
  EXPECT_THAT(verify().err, HasSubstr("it is not the result that this user's simulation gave"));
  EXPECT_THAT(verify().out, HasSubstr("2 of 2 runs kept"));
}

// ---- Units ----------------------------------------------------------------------------------

/// Two frames of three beats of one byte, with one stream inside and a FIFO.
SimSubject subject() {
  SimSubject subject;
  const sim::Tokens tokens{8, 3, {1, 2, 3, 4, 5, 6}, false};
  subject.inputs = subject.outputs = subject.monitors = {tokens};
  subject.gauges = {{0, 0}};
  return subject;
}

SimRun run_of_two() {
  SimRun run;
  run.frames = 2;
  return run;
}

sim::Result good() {
  sim::Result r;
  r.predicted = r.compared = 6;
  r.cycles = 8;
  r.first_beat = 2;
  r.total_cycles = 1000;
  r.frame_ends = {4, 7};
  r.high_water = {1};
  sim::StreamCounts counts;
  counts.predicted = counts.compared = 6;
  counts.first = 1;
  counts.last = 6;
  r.outputs = r.monitors = {counts};
  return r;
}

sim::Result different() {
  sim::Result r = good();
  r.differing = 1;
  sim::Mismatch first;
  first.frame = 1;
  first.beat = 2;
  first.cycle = 7;
  first.expected = {6};
  first.got = {7};
  r.first = first;
  return r;
}

TEST(ResultFault, EveryContradictionIsOne) {
  EXPECT_EQ(result_fault(subject(), run_of_two(), good()), "");
  EXPECT_EQ(result_fault(subject(), run_of_two(), different()), "");
  using Change = std::function<void(sim::Result&)>;
  const std::vector<Change> to_good = {
      [](sim::Result& r) { r.predicted = 5; },
      [](sim::Result& r) { r.predicted = r.compared = 0; },
      [](sim::Result& r) { r.compared = 7; },
      [](sim::Result& r) { r.compared = 5; },
      [](sim::Result& r) { r.compared = -1; },
      [](sim::Result& r) { r.compared_before_reset = -1; },
      [](sim::Result& r) { r.compared_before_reset = 7; },
      [](sim::Result& r) { r.differing = 1; },
      [](sim::Result& r) { r.differing = -1; },
      [](sim::Result& r) { r.monitors.clear(); },
      [](sim::Result& r) { r.outputs.clear(); },
      [](sim::Result& r) { r.monitors.push_back(r.monitors[0]); },
      [](sim::Result& r) { r.monitors[0].predicted = 5; },
      [](sim::Result& r) { r.monitors[0].compared = 5; },
      [](sim::Result& r) { r.monitors[0].differing = 1; },
      [](sim::Result& r) { r.monitors[0].stalls = -1; },
      [](sim::Result& r) { r.monitors[0].starves = 1001; },
      [](sim::Result& r) { r.monitors[0].first = -1; },
      [](sim::Result& r) { r.monitors[0].last = 5; },
      [](sim::Result& r) { r.high_water.clear(); },
      [](sim::Result& r) { r.high_water[0] = 7; },
      [](sim::Result& r) { r.frame_ends.pop_back(); },
      [](sim::Result& r) {
        r.frame_ends = {7, 4};
      },
      [](sim::Result& r) {
        r.frame_ends = {7, 7};
      },
      [](sim::Result& r) {
        r.frame_ends = {-1, 7};
      },
      [](sim::Result& r) {
        r.frame_ends = {4, 6};
      },
      [](sim::Result& r) { r.cycles = 9; },
      [](sim::Result& r) { r.total_cycles = 5; },
      [](sim::Result& r) { r.first_beat = 9; },
      [](sim::Result& r) {
        r.violations = {{"data-changed", "out1", 3}};
      },
      [](sim::Result& r) {
        r.violations = {{"data-changed", "x", 3}};
      },
      [](sim::Result& r) {
        r.violations = {{"data-changed", "out0", -3}};
      },
  };
  for (std::size_t i = 0; i < to_good.size(); ++i) {
    sim::Result r = good();
    to_good[i](r);
    EXPECT_NE(result_fault(subject(), run_of_two(), r), "") << i;
  }
  const std::vector<Change> to_different = {
      [](sim::Result& r) { r.first.reset(); },
      [](sim::Result& r) { r.differing = 0; },
      [](sim::Result& r) { r.first->output = 1; },
      [](sim::Result& r) { r.first->output = -1; },
      [](sim::Result& r) { r.first->frame = 2; },
      [](sim::Result& r) { r.first->beat = 3; },
      [](sim::Result& r) { r.first->cycle = 1001; },
      [](sim::Result& r) { r.first->expected = {5}; },
      [](sim::Result& r) { r.first->got = {6}; },
      [](sim::Result& r) { r.first->got.clear(); },
  };
  for (std::size_t i = 0; i < to_different.size(); ++i) {
    sim::Result r = different();
    to_different[i](r);
    EXPECT_NE(result_fault(subject(), run_of_two(), r), "") << i;
  }
}

TEST(ResultFault, ARunThatGotStuckMayBeIncomplete) {
  sim::Result r = good();
  r.stuck = "no beat moves";
  r.compared = 4;
  r.monitors[0].compared = 4;
  r.frame_ends = {4, -1};
  EXPECT_EQ(result_fault(subject(), run_of_two(), r), "");
}

TEST(ResultFault, WhatCannotBeIsInconclusive) {
  PreparedNode node;
  SimRun run;
  run.impossible = "its frames end in an order that cannot be";
  const Judgement judgement = judge_run(node, run);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_THAT(judgement.reason, HasSubstr("cannot be"));
}

}  // namespace
}  // namespace assay
