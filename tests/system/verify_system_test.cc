// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <span>
#include <sstream>

#include "base/temp_dir.h"
#include "bits/small_run.h"
#include "compile/backend/fpga/tools.h"
#include "compile/backend/verilog/mover_registers.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "golden/data/npy.h"
#include "harness/build/driver_package.h"
#include "harness/report/schema.h"
#include "harness/run/ledger.h"
#include "harness/run_command.h"
#include "harness/sealed_report.h"
#include "harness/system/simulated_system.h"
#include "harness/system/system_netlist.h"
#include "sim/netlist/netlist_dut.h"
#include "system/driver_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A small residual network, simulated to its stitched RTL.
class VerifySystem : public ::testing::Test {
 protected:
  VerifySystem() { fill_with_small_run(dir_.path()); }

  CommandResult verify(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"verify", out_.string(), "--level", "system"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }

  TempDir dir_;
  fs::path out_ = dir_.path() / "out";
};

TEST_F(VerifySystem, FramesGoFromMemoryToMemory) {
  for (const char* bits : {"64", "512"}) {
    const CommandResult result = verify({"--json", "--memory-bits", bits, "--profiles", "all"});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json report = result.json();
    EXPECT_THAT(schema_violations(report), IsEmpty());
    EXPECT_EQ(report["verdict"], "EQUIVALENT") << report["reason"];
    EXPECT_EQ(report["images"], 6);
    EXPECT_EQ(report["runs"].size(), 6U);
    // A label of each of six images and of three once more, under six profiles.
    EXPECT_EQ(report["predicted"], 54);
    EXPECT_EQ(report["compared"], 54);
    EXPECT_EQ(report["canaries"]["planted"], 24);
    EXPECT_EQ(report["canaries"]["caught"], 24);
    EXPECT_LE(report["measured"].get<double>(), report["interval"].get<double>() * 1.01);
  }
  EXPECT_EQ(run_assay({"show", out_.string(), "--check"}).code, 0);
  EXPECT_THAT(run_assay({"show", out_.string()}).out,
              HasSubstr("system: EQUIVALENT: 54 of 54 predicted beats compared, 0 differing"));
}

TEST_F(VerifySystem, IsPartOfWhatARunSays) {
  ASSERT_EQ(verify({"--images", "2"}).code, 0);
  edit_report(out_ / "reports/system.json", [](Json& report) {
    report["verdict"] = "DIFFERENT";
    report["differing"] = 1;
  });
  EXPECT_THAT(run_assay({"show", out_.string()}).out, HasSubstr("reports/system.json: edited"));
  register_files(RunDir(out_), {"reports/system.json"});
  EXPECT_THAT(run_assay({"show", out_.string()}).out,
              AllOf(HasSubstr("DIFFERENT: the stages agree, but level system is DIFFERENT"),
                    HasSubstr("system: DIFFERENT: ")));
  EXPECT_THAT(
      run_assay({"inspect", out_.string()}).out,
      ContainsRegex(
          "\nsystem +DIFFERENT +[0-9]+ of [0-9]+ predicted beats compared, 1 differ on 2 images"));
}

TEST_F(VerifySystem, TellsHowLongAFrameTakes) {
  const CommandResult result = verify();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("from memory to memory (64 bits wide); the accelerator alone"));
}

TEST_F(VerifySystem, RefusesWhatItCannotSimulate) {
  EXPECT_THAT(verify({"--memory-bits", "96"}).err, HasSubstr("96"));
  EXPECT_THAT(verify({"--as-is"}).err, HasSubstr("belong to --level rtl-node or rtl-top"));
  EXPECT_THAT(run_assay({"verify", out_.string(), "--level", "rtl-top", "--memory-bits", "64"}).err,
              HasSubstr("--memory-bits belongs to --level system"));
  // RTL that is not what was verified.
  const fs::path top = out_ / "rtl/top/accelerator.sv";
  write_file(top, read_file(top) + "// edited\n");
  const CommandResult edited = verify();
  EXPECT_EQ(edited.code, 2);
  EXPECT_THAT(edited.err, HasSubstr("accelerator.sv"));
}

TEST_F(VerifySystem, GoesWithALaterRunOfTheSameStages) {
  ASSERT_EQ(verify({"--images", "2"}).code, 0);
  ASSERT_EQ(run_assay({"build", out_.string(), "--target", "Pynq-Z1"}).code, 3);
  std::vector<std::string> command = small_run(dir_.path() / "net.onnx", out_);
  ASSERT_EQ(run_assay_as_is(command).code, 0);
  EXPECT_EQ(run_assay({"show", out_.string(), "--check"}).code, 0);
  EXPECT_THAT(run_assay({"show", out_.string()}).out, HasSubstr("system: EQUIVALENT: "));
  *std::ranges::find(command, "512") = "216";
  const CommandResult other = run_assay(command);
  ASSERT_EQ(other.code, 0) << other.err;
  for (const char* report : {"reports/system.json", "reports/vivado-Pynq-Z1.json"})
    EXPECT_THAT(other.err, HasSubstr(fmt::format(
                               "{}: removed, as it is not known to be about this run", report)));
  EXPECT_EQ(run_assay({"show", out_.string(), "--check"}).code, 0);
}

// ---- As a part's cells

class SystemNetlistTest : public VerifySystem {
 protected:
  void SetUp() override {
    if (!fpga::has_tool("yosys")) GTEST_SKIP() << "needs yosys; install the Debian package yosys";
  }
};

TEST_F(SystemNetlistTest, GoesFromMemoryToMemory) {
  const CommandResult result =
      verify({"--json", "--target", "ice40-hx8k", "--images", "3", "--profiles", "bursts"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json report = result.json();
  EXPECT_THAT(schema_violations(report), IsEmpty());
  EXPECT_EQ(report["verdict"], "EQUIVALENT") << report["reason"];
  EXPECT_EQ(report["predicted"], 5);  // labels of three images, and of two once more
  EXPECT_EQ(report["compared"], 5);
  EXPECT_EQ(report["canaries"]["caught"], report["canaries"]["planted"]);
  EXPECT_EQ(report["netlist"]["target"], "ice40-hx8k");
  EXPECT_GT(report["netlist"]["cells"]["lut"], 1000);
  EXPECT_TRUE(fs::exists(out_ / "reports/system-ice40-hx8k.json"));
  EXPECT_FALSE(fs::exists(out_ / "reports/system.json"));
  EXPECT_FALSE(fs::exists(out_ / "build/ice40-hx8k")) << "nothing stays but the report";
  EXPECT_THAT(run_assay({"inspect", out_.string()}).out,
              HasSubstr("system-ice40-hx8k  EQUIVALENT"));
  EXPECT_EQ(run_assay({"show", out_.string(), "--check"}).code, 0);
}

TEST_F(SystemNetlistTest, RefusesABoardAndWhatIsNoPart) {
  EXPECT_THAT(verify({"--target", "icebreaker"}).err, HasSubstr("a system's netlist is of a part"));
  EXPECT_THAT(verify({"--target", "xc7z021"}).err, HasSubstr("xc7z021"));
  EXPECT_EQ(system_target("Pynq-Z1").name, "xc7z020");
  EXPECT_EQ(system_target("ZCU102").name, "xczu9eg");
}

/// The same frames through a netlist in which one table has another content.
class WrongNetlist : public SystemNetlistTest {
 protected:
  struct Outcome {
    std::string labels, rules;
    std::vector<std::uint32_t> registers;
    friend bool operator==(const Outcome&, const Outcome&) = default;
  };

  /// What the host gets of six frames of other bytes, or why it gets nothing.
  static Outcome outcome(const std::vector<DataMover>& movers, const netlist::Netlist& design) {
    std::vector<sim::AxiMover> ports;
    for (const DataMover& m : movers)
      ports.push_back({m.reads, {m.choice.memory_bits, m.choice.max_burst, m.choice.outstanding}});
    try {
      sim::AxiSession host([&] { return sim::netlist_dut(design, 1); }, ports);
      return transfer(host, movers);
    } catch (const ToolError& error) {
      return {error.what(), "", {}};
    }
  }

 private:
  static Outcome transfer(sim::AxiSession& host, const std::vector<DataMover>& movers) {
    constexpr std::uint64_t kFrames = 6, kApart = 1 << 20;
    for (std::size_t m = movers.size(); m-- > 0;) {
      const auto bytes = static_cast<std::uint64_t>(movers[m].transfer_bytes(kFrames));
      host.map({kApart * (m + 1), bytes}, movers[m].reads, !movers[m].reads);
      std::string image;
      for (std::uint64_t i = 0; i < bytes; ++i) image += static_cast<char>(i * 37 + i / 7 * 11);
      if (movers[m].reads) host.put(kApart * (m + 1), image);
      host.write(m, mover_offset("global_interrupt_enable"), 1);
      host.write(m, mover_offset("interrupt_enable"), 3);
      host.write(m, mover_offset("base_low"), static_cast<std::uint32_t>(kApart * (m + 1)));
      host.write(m, mover_offset("frames"), kFrames);
      host.write(m, mover_offset("control"), mover_bit("control", "start"));
    }
    const std::uint64_t all = (std::uint64_t{1} << movers.size()) - 1;
    if (!host.wait(all, 4000)) return {"it hangs", "", {}};
    const std::size_t last = movers.size() - 1;
    Outcome seen{host.get(kApart * (last + 1),
                          static_cast<std::uint64_t>(movers[last].transfer_bytes(kFrames))),
                 "",
                 {}};
    for (std::size_t m = 0; m < movers.size(); ++m)
      for (const MoverRegister& r : kMoverRegisters)
        seen.registers.push_back(host.read(m, r.offset));
    for (const sim::Violation& v : host.violations()) seen.rules += v.rule + " " + v.stream + "\n";
    return seen;
  }
};

TEST_F(WrongNetlist, IsSeen) {
  const RtlSession session(out_, {}, {});
  std::ostringstream nowhere;
  const Console console{nowhere, nowhere, false, true};
  const DataflowPartition p = only_accelerator(session.graph, "a system");
  const MoversRtl rtl = with_movers(stitch({"accelerator", p.nodes, p.inputs, p.outputs}),
                                    {64, 16, 4, std::string(64, '5')});
  netlist::Netlist design =
      system_netlist(session, rtl, "assay_view", system_target("ice40-hx8k"), console).design;
  simplify(design);
  const Outcome right = outcome(rtl.movers, design);
  EXPECT_EQ(right.rules, "");
  EXPECT_EQ(right.labels.size(), 6U);
  std::mt19937_64 random(7);
  int seen = 0;
  constexpr int kFaults = 24;
  for (int i = 0; i < kFaults; ++i) {
    netlist::Netlist wrong = design;
    netlist::Lut& lut = wrong.luts[random() % wrong.luts.size()];
    lut.table = ~lut.table & (lut.size == 6 ? ~std::uint64_t{0} : (1ULL << (1U << lut.size)) - 1);
    if (outcome(rtl.movers, wrong) != right) ++seen;
  }
  // A label hides much, and some tables are of addresses and counts that these frames do not reach.
  EXPECT_GE(seen, kFaults / 3);
}

/// What is built beside a project for Vivado, in front of this run's accelerator.
class HostOnSystem : public VerifySystem {
 protected:
  using Spoil = std::function<void(const fs::path&)>;

  /// What the command says that `begin` makes of the folder with both packages.
  std::string drive(const std::function<std::vector<std::string>(const fs::path&)>& begin,
                    const Spoil& spoil) {
    return drive_packages(out_, dir_.path() / "packages", begin, spoil);
  }
};

// ---- The driver for PYNQ in front of it

class DriverOnSystem : public HostOnSystem {
 protected:
  void SetUp() override {
    if (python().empty()) GTEST_SKIP() << "needs NumPy: apt-get install python3-numpy";
  }

  /// What the script says.
  std::string run(const std::string& script, const std::vector<std::string>& arguments,
                  const Spoil& spoil = {}) {
    return drive(
        [&](const fs::path& folder) { return pynq_command(folder / "driver", script, arguments); },
        [&](const fs::path& folder) {
          if (spoil) spoil(folder / "driver");
        });
  }
};

TEST_F(DriverOnSystem, ItsResultsAreGoldens) {
  EXPECT_EQ(run("validate.py", {"--batch-size", "4"}), "EQUIVALENT: 6 images compared, 0 differ\n");
}

TEST_F(DriverOnSystem, AWrongResultIsSeen) {
  const std::string output = run("validate.py", {}, [](const fs::path& package) {
    std::string golden = read_file(package / "golden_0.npy");
    golden[golden.size() - 3] ^= 1;  // of the fourth of six images
    write_file(package / "golden_0.npy", golden);
  });
  EXPECT_THAT(output, HasSubstr("image 3: golden [["));
  EXPECT_THAT(output, HasSubstr("DIFFERENT: 6 images compared, 1 differ\n"));
}

TEST_F(DriverOnSystem, ADriverOfOtherRtlIsRefused) {
  const std::string output = run("validate.py", {}, [](const fs::path& package) {
    std::string json = read_file(package / "accelerator.json");
    const std::size_t at = json.find("content_hash\": \"") + 16;
    json[at] = json[at] == '0' ? '1' : '0';
    write_file(package / "accelerator.json", json);
  });
  EXPECT_THAT(output, HasSubstr("was built from other RTL"));
}

// ---- The hosts in C and C++ in front of it

/// The example, unchanged: main.cpp over assay_host.hpp over assay_host.c.
class ExampleOnSystem : public HostOnSystem {
 protected:
  std::string run(const std::string& batch, const Spoil& spoil = {},
                  const std::vector<std::string>& board = {"BOARD=" ASSAY_SOURCE_DIR
                                                           "/tests/host/socket_board.cpp"}) {
    return drive(
        [&](const fs::path& folder) -> std::vector<std::string> {
          const ProcessResult made = make_host(folder / "host", board);
          EXPECT_TRUE(made.ok()) << made.output;
          if (!made.ok()) return {};
          return {(folder / "host/validate").string(), (folder / "driver").string(), batch};
        },
        spoil);
  }

  /// What the example says again, of other files than it was run on; no board is asked for.
  ProcessResult again() const {
    const fs::path folder = dir_.path() / "packages";
    return run_process({(folder / "host/validate").string(), (folder / "driver").string()},
                       folder / "host", std::chrono::seconds(60));
  }
};

TEST_F(ExampleOnSystem, ItsResultsAreGoldens) {
  const std::string output = run("4");
  EXPECT_THAT(output, HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
  EXPECT_THAT(output, ContainsRegex("of RTL [0-9a-f]{12}\\.\\.\\. is what runs"));
  EXPECT_THAT(output, ::testing::ContainsRegex("idma0: [0-9]+ cycles for the last batch"));
  const fs::path driver = dir_.path() / "packages/driver";
  const NpyArray result = read_npy(driver / "result_0.npy"),
                 golden = read_npy(driver / "golden_0.npy");
  EXPECT_EQ(result.shape, golden.shape);
  EXPECT_EQ(as_int64(result, "result"), as_int64(golden, "golden"));
}

TEST_F(ExampleOnSystem, RefusesArraysThatAreNotTheStreams) {
  run("6");
  const fs::path input = dir_.path() / "packages/driver/input_0.npy";
  const std::string good = read_file(input);
  const std::vector<float> reals(48, 0.5F);
  write_file(input, encode_npy(make_npy<float>({6, 8}, std::span<const float>(reals))));
  EXPECT_EQ(again().exit_code, 2);
  EXPECT_THAT(again().output, HasSubstr("input_0.npy: its type is not <i8, <i4, |i1 or |u1"));
  write_file(input, good.substr(0, good.size() - 1));
  EXPECT_THAT(again().output, HasSubstr("its size is not that of its shape"));
  const std::vector<std::uint8_t> few(18, 1);
  write_file(input, encode_npy(make_npy<std::uint8_t>({6, 3}, std::span<const std::uint8_t>(few))));
  EXPECT_THAT(again().output, HasSubstr("is no array of the frames of"));
  fs::remove(input);
  EXPECT_THAT(again().output, HasSubstr("it is not there"));
}

TEST_F(ExampleOnSystem, RunsBehindXrtToo) {
  const std::vector<std::string> card = {
      "BOARD=board_xrt.cpp", "XRT=" ASSAY_SOURCE_DIR "/tests/host/stub_xrt", "LIBRARIES="};
  EXPECT_THAT(run("4", {}, card), HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
}

TEST_F(ExampleOnSystem, AWrongResultIsSeen) {
  const std::string output = run("4", [](const fs::path& folder) {
    std::string golden = read_file(folder / "driver/golden_0.npy");
    golden[golden.size() - 3] ^= 1;  // of the fourth of six images
    write_file(folder / "driver/golden_0.npy", golden);
  });
  EXPECT_THAT(output, HasSubstr("image 3 differs from golden\n"));
  EXPECT_THAT(output, HasSubstr("DIFFERENT: 6 images compared, 1 differ\n"));
}

TEST_F(ExampleOnSystem, AHostOfOtherRtlIsRefused) {
  const std::string output = run("4", [&](const fs::path& folder) {
    std::string text = read_file(folder / "host/accelerator.h");
    const std::string hash =
        Json::parse(read_file(folder / "driver/accelerator.json"))["content_hash"];
    text.replace(text.find(hash), 1, hash[0] == '0' ? "1" : "0");
    write_file(folder / "host/accelerator.h", text);
  });
  EXPECT_THAT(
      output,
      HasSubstr("ASSAY_ERROR_HASH: idma0: the bitstream that is loaded was built from other RTL"));
}

TEST_F(ExampleOnSystem, CompilesForABoard) {
  drive(
      [](const fs::path& folder) -> std::vector<std::string> {
        const ProcessResult made = make_host(folder / "host", {});
        EXPECT_TRUE(made.ok()) << made.output;
        const ProcessResult ran = run_process({(folder / "host/validate").string()},
                                              folder / "host", std::chrono::seconds(60));
        EXPECT_EQ(ran.exit_code, 2);
        EXPECT_THAT(ran.output, HasSubstr("cannot "));  // neither /dev/mem nor u-dma-buf
        return {};
      },
      {});
}

}  // namespace
}  // namespace assay
