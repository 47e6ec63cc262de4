// SPDX-License-Identifier: Apache-2.0
// `assay host` and `assay flash` on a run of a tiny network.
#include "harness/board/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "base/temp_dir.h"
#include "board/fake_board.h"
#include "board/toy.h"
#include "compile/backend/fpga/parts.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "harness/report/bits.h"
#include "harness/report/build.h"
#include "harness/report/checksum.h"
#include "harness/run/ledger.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"

namespace assay::board::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

fs::path models() { return fs::read_symlink("/proc/self/exe").parent_path() / "models"; }

/// A run with the RTL of its accelerator, made once for all tests.
const fs::path& finished_run() {
  static const TempDir folder;
  static const fs::path out = [] {
    fs::path path = folder.path() / "out";
    const auto model = save_tiny(folder.path() / "tiny.onnx");
    const CommandResult built =
        run_assay({"run", model.string(), "--images", "6", "--out", path.string()});
    EXPECT_EQ(built.code, 0) << built.err << built.out;
    const CommandResult verified =
        run_assay({"verify", path.string(), "--level", "rtl-top", "--images", "4", "--profiles",
                   "always", "--cache", models().string()});
    EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
    return path;
  }();
  return out;
}

/// A board that answers with golden's results, but for its faults.
BoardSimulator fake(const Faults& faults) {
  return [faults](const BoardDesign& design) -> std::unique_ptr<SimulatedBoard> {
    std::ostringstream nothing;
    const Console console{nothing, nothing, false, true};
    std::map<std::string, std::string> results;
    for (const BoardDesign::Frame& frame : design.frames(console))
      results[frame.input] = frame.output;
    return std::make_unique<FakeBoard>(
        design.accelerator, design.hash,
        [results](const std::string& frame) { return results.at(frame); }, faults);
  };
}

/// Several side by side.
class Boards final : public SimulatedBoard {
 public:
  explicit Boards(std::vector<std::unique_ptr<SimulatedBoard>> boards)
      : boards_(std::move(boards)) {}
  std::vector<std::unique_ptr<Channel>> open() override {
    std::vector<std::unique_ptr<Channel>> channels;
    for (const auto& board : boards_)
      for (auto& channel : board->open()) channels.push_back(std::move(channel));
    return channels;
  }
  std::string failure() const override { return ""; }

 private:
  std::vector<std::unique_ptr<SimulatedBoard>> boards_;
};

BoardSimulator fakes(int count, const Faults& faults) {
  return [=](const BoardDesign& design) -> std::unique_ptr<SimulatedBoard> {
    std::vector<std::unique_ptr<SimulatedBoard>> boards;
    for (int i = 0; i < count; ++i) boards.push_back(fake(faults)(design));
    return std::make_unique<Boards>(std::move(boards));
  };
}

HostResult host_with(const Faults& faults, int boards = 1) {
  std::ostringstream nothing;
  const Console console{nothing, nothing, false, true};
  HostOptions options;
  options.dir = finished_run();
  options.images.images = "6";
  options.patience = 0.2;
  options.simulated = "rtl";
  options.simulator = fakes(boards, faults);
  options.cache = models();
  return host(options, console);
}

TEST(Host, FindsEveryResultEqual) {
  const HostResult result = host_with({});
  const report::Host& r = result.report;
  EXPECT_EQ(r.verdict, Verdict::kEquivalent) << r.reason;
  EXPECT_EQ(r.predicted, 6);
  EXPECT_EQ(r.compared, 6);
  EXPECT_EQ(r.differing, 0);
  EXPECT_EQ(r.canaries.caught, 6);
  ASSERT_TRUE(r.board);
  EXPECT_EQ(r.board->content_hash, content_hash(finished_run()));
  EXPECT_EQ(r.board->content_hash, r.content_hash);
  ASSERT_TRUE(r.cycles_per_frame);
  EXPECT_THAT(result.table, HasSubstr("EQUIVALENT: every result is golden's (6 of 6"));
}

TEST(Host, NamesTheFirstWrongBit) {
  const report::Host r = host_with({.fault = Fault::kWrongBit, .frame = 3}).report;
  EXPECT_EQ(r.verdict, Verdict::kDifferent);
  EXPECT_EQ(r.differing, 1);
  EXPECT_EQ(r.compared, 6);
  EXPECT_THAT(r.first_difference.value(), HasSubstr("image 3, beat 0, lane 0: expected "));
}

TEST(Host, IsInconclusiveWhenTheBoardFails) {
  const auto reason = [](const Faults& faults) {
    const report::Host r = host_with(faults).report;
    EXPECT_EQ(r.verdict, Verdict::kInconclusive);
    EXPECT_LT(r.compared, 6);
    EXPECT_EQ(r.differing, 0);
    return r.reason;
  };
  EXPECT_THAT(
      reason({.hash = std::string(64, 'a')}),
      HasSubstr("stale bitstream: the board was built from RTL aaaaaaaaaaaaaaaa, the run's"));
  EXPECT_THAT(reason({.dead = true}), HasSubstr("no board answers"));
  EXPECT_THAT(reason({.fault = Fault::kSilent, .frame = 2}),
              HasSubstr("frame 2: the board is silent"));
  EXPECT_THAT(reason({.fault = Fault::kResets, .frame = 2}), HasSubstr("reset in the middle"));
}

TEST(Host, FindsASimulatedBoardDifferentThatTalksWithoutEnd) {
  for (const Fault fault : {Fault::kRepeats, Fault::kBabbles}) {
    const report::Host r = host_with({.fault = fault, .frame = 2}).report;
    EXPECT_EQ(r.verdict, Verdict::kDifferent);
    EXPECT_EQ(r.compared, 2);
    EXPECT_THAT(r.reason, HasSubstr("the board talks without end"));
  }
}

TEST(Host, MendsALostBeatAndCountsIt) {
  const report::Host r = host_with({.fault = Fault::kLostBeat, .frame = 3}).report;
  EXPECT_EQ(r.verdict, Verdict::kEquivalent) << r.reason;
  EXPECT_EQ(r.compared, 6);
  EXPECT_GE(r.link.restarts, 1);
}

/// What is left over from two frames shows in the third, which every board gets.
TEST(Host, GivesEachOfManyBoardsThreeFrames) {
  const report::Host right = host_with({}, 4).report;
  EXPECT_EQ(right.verdict, Verdict::kEquivalent) << right.reason;
  EXPECT_EQ(right.compared, 12);
  const report::Host wrong = host_with({.fault = Fault::kWrongBit, .frame = 2}, 4).report;
  EXPECT_EQ(wrong.verdict, Verdict::kDifferent);
  EXPECT_EQ(wrong.differing, 4);
}

TEST(Host, RunsAgainstTheRtlOfTheShell) {
  const CommandResult result = run_assay({"host", finished_run().string(), "--simulate", "rtl",
                                          "--images", "5", "--json", "--cache", models().string()});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  const Json json = result.json();
  EXPECT_EQ(json.at("schema"), "assay.host/1");
  EXPECT_EQ(json.at("verdict"), "EQUIVALENT");
  EXPECT_EQ(json.at("compared"), 5);
  EXPECT_EQ(json.at("simulated"), "rtl");
  EXPECT_EQ(json.at("link").at("damaged"), 0);
  EXPECT_EQ(json.at("link").at("restarts"), 0);
  EXPECT_GT(json.at("cycles_per_frame"), 100);
}

/// The shell's RTL with a bit of the accelerator's results flipped on their way.
TEST(Host, NoticesAFaultInTheRtlOfTheShell) {
  std::ostringstream nothing;
  const Console console{nothing, nothing, false, true};
  HostOptions options;
  options.dir = finished_run();
  options.images.images = "3";
  options.patience = 60;
  options.simulated = "rtl";
  options.cache = models();
  options.simulator = [](const BoardDesign& design) -> std::unique_ptr<SimulatedBoard> {
    ShellSpec spec = toy_spec(kToyClocks);
    spec.accelerator = design.accelerator;
    spec.content_hash = design.hash;
    std::vector<sim::SourceFile> sources = design.sources();
    for (const NodeRtl::File& file : shell_rtl(spec))
      if (std::ranges::find(sources, file.name, &sim::SourceFile::name) == sources.end())
        sources.push_back({file.name, file.text});
    for (sim::SourceFile& source : sources) {
      if (source.name != "assay_board_core.sv") continue;
      const std::string from = ".in_data_i(out_data)";
      source.text.replace(source.text.find(from), from.size(), ".in_data_i(out_data ^ 'h1)");
    }
    return std::make_unique<RtlBoard>(design.session.cache, sources, design.folder, kToyClocks, 1);
  };
  const report::Host r = host(options, console).report;
  EXPECT_EQ(r.verdict, Verdict::kDifferent) << r.reason;
  EXPECT_EQ(r.differing, 3);
}

TEST(Host, RefusesWhatIsNoBoard) {
  const auto refused = [](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"host", finished_run().string(), "--images", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandResult result = run_assay(arguments);
    EXPECT_EQ(result.code, 2) << result.out;
    return result.err;
  };
  EXPECT_THAT(refused({}), HasSubstr("give the board's --port, or --simulate rtl"));
  EXPECT_THAT(refused({"--port", "/dev/null"}), HasSubstr("'/dev/null' is no serial port"));
  EXPECT_THAT(refused({"--port", "/nowhere"}), HasSubstr("is the board plugged in?"));
  EXPECT_THAT(refused({"--port", "/dev/null", "--baud", "12345"}), HasSubstr("has no 12345 baud"));
  EXPECT_THAT(refused({"--port", "x", "--simulate", "rtl"}), HasSubstr("excludes"));
}

/// An openFPGALoader that writes down what it was told.
class Flash : public ::testing::Test {
 protected:
  Flash() {
    std::ofstream(bin.path() / "openFPGALoader")
        << "#!/bin/sh\necho \"$@\" > '" << (bin.path() / "told").string() << "'\n";
    fs::permissions(bin.path() / "openFPGALoader", fs::perms::owner_all);
    fs::copy(finished_run(), dir, fs::copy_options::recursive);
    fs::create_directories(dir / "build" / "icebreaker");
    write_file(dir / "build" / "icebreaker" / "bitstream.bin", "bits");
    write_build(content_hash(dir), sha256("bits"));
    ::setenv("PATH", (bin.path().string() + ":" + old).c_str(), 1);
  }
  ~Flash() override { ::setenv("PATH", old.c_str(), 1); }
  void write_build(const std::string& rtl, const std::string& bits,
                   std::string_view design = kShellTop) const {
    report::Build build;
    build.target.name = "icebreaker";
    build.rtl_sha256 = rtl;
    build.design = design;
    build.steps = {{"bitstream", "", {{"build/icebreaker/bitstream.bin", bits}}}};
    seal(build);
    write_file(dir / "reports" / "build-icebreaker.json", json_text(to_json(build)));
  }
  CommandResult flash(const std::string& target) const {
    return run_assay({"flash", dir.string(), "--target", target});
  }

  const std::string old = std::getenv("PATH");
  TempDir bin, folder;
  fs::path dir = folder.path() / "out";
};

TEST_F(Flash, TellsOpenFpgaLoaderTheBoardAndTheFile) {
  const CommandResult result = flash("icebreaker");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read_file(bin.path() / "told"),
            "-b ice40_generic -f " + (dir / "build/icebreaker/bitstream.bin").string() + "\n");
}

TEST_F(Flash, WritesNoBitsThatAreWrong) {
  EXPECT_THAT(flash("icebreaker").err, HasSubstr("NOT VERIFIED: what 'build/icebreaker/"));
  report::Bits bits;
  bits.level = "bitstream";
  bits.target = "icebreaker";
  bits.file = {"build/icebreaker/bitstream.bin", sha256("bits")};
  bits.reason = "22 of 192 results differ";
  bits.data.images = 3;
  const auto verified = [&](Verdict verdict) {
    bits.verdict = verdict;
    write_file(dir / "reports/bitstream-icebreaker.json", json_text(to_json(bits)));
    fs::remove(bin.path() / "told");
    return flash("icebreaker");
  };
  const CommandResult wrong = verified(Verdict::kDifferent);
  EXPECT_EQ(wrong.code, 3);
  EXPECT_THAT(wrong.err, HasSubstr("is DIFFERENT (22 of 192 results differ), and is not written"));
  EXPECT_FALSE(fs::exists(bin.path() / "told"));
  const CommandResult right = verified(Verdict::kEquivalent);
  EXPECT_EQ(right.code, 0);
  EXPECT_THAT(right.err, HasSubstr("is EQUIVALENT"));
  // A verdict on other bits says nothing of these.
  bits.file.sha256 = std::string(64, '0');
  EXPECT_THAT(verified(Verdict::kDifferent).err, HasSubstr("NOT VERIFIED"));
}

TEST_F(Flash, KnowsEveryBoardThatIsBuiltFor) {
  for (const fpga::Board& board : fpga::boards())
    if (board.name != "icebreaker") {
      EXPECT_THAT(flash(board.name).err, HasSubstr("has no bitstream for '" + board.name + "'"));
    }
}

TEST_F(Flash, RefusesWhatWouldBeAMistake) {
  const auto refused = [this](const std::string& target) {
    const CommandResult result = flash(target);
    EXPECT_EQ(result.code, 2);
    EXPECT_FALSE(fs::exists(bin.path() / "told"));
    return result.err;
  };
  EXPECT_THAT(refused("ulx3s-85"), HasSubstr("has no bitstream for 'ulx3s-85'"));
  EXPECT_THAT(refused("../x"), HasSubstr("is no board that can be flashed"));
  write_build(std::string(64, '0'), sha256("bits"));
  EXPECT_THAT(refused("icebreaker"), HasSubstr("stale bitstream"));
  write_build(content_hash(dir), sha256("other"));
  EXPECT_THAT(refused("icebreaker"), HasSubstr("is not the file that"));
  write_build(content_hash(dir), sha256("bits"), "accelerator");
  EXPECT_THAT(refused("icebreaker"), HasSubstr("is the accelerator alone"));
  write_file(dir / "reports" / "build-icebreaker.json", "[]");
  EXPECT_THAT(refused("icebreaker"), HasSubstr("is damaged"));
  fs::remove(dir / "reports" / "build-icebreaker.json");
  refused("icebreaker");
}

TEST_F(Flash, LooksAtTheRunFirst) {
  const std::string run = read_file(dir / kRunReport);
  write_file(dir / kRunReport, run.substr(0, run.size() / 2));
  const CommandResult edited = flash("icebreaker");
  EXPECT_EQ(edited.code, 2);
  EXPECT_FALSE(fs::exists(bin.path() / "told"));
  write_file(dir / kRunReport, run);
  const report::Run about = read_sealed_run(dir);
  const fs::path aside = folder.path() / "aside.onnx";
  fs::rename(about.model, aside);
  EXPECT_THAT(flash("icebreaker").err, HasSubstr("is no longer there"));
  fs::rename(aside, about.model);
  EXPECT_THAT(flash("icebreaker").err, Not(HasSubstr("is no longer there")));
}

TEST_F(Flash, SaysHowToInstallOpenFpgaLoader) {
  ::setenv("PATH", folder.path().c_str(), 1);
  const CommandResult result = flash("icebreaker");
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("apt-get install openfpgaloader"));
}

}  // namespace
}  // namespace assay::board::test
