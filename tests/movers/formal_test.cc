// SPDX-License-Identifier: Apache-2.0
// What must hold of data movers whatever surrounds them: tests/movers/properties, proved by induction of Z3
// where it is inductive, else by ABC for all behaviours of the first cycles. And each property fails on a
// module with a fault that breaks it.
#include <gmock/gmock.h>

#include <regex>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "movers/rig.h"

namespace assay::movers::test {
namespace {

constexpr std::chrono::seconds kProofLimit{600};

/// A module with its properties, in a folder.
class Proof {
 public:
  /// `only`: the property that stays; empty: all.
  explicit Proof(std::string stem, const std::string& only = "", const Fault& fault = {})
      : stem_(std::move(stem)) {
    bool planted = fault.file.empty();
    for (const sim::SourceFile& source : mover_sources()) {
      std::string text = source.text;
      if (source.name == fault.file) planted = plant(text, fault);
      if (source.name == "assay_iodma_" + stem_ + ".sv") {
        EXPECT_TRUE(plant(text, {"", "\nendmodule", "\n" + properties(only) + "\nendmodule"}));
      }
      if (source.name == "assay_iodma_control.sv" && stem_ != "control") text = any_control(text);
      dir_.write(source.name, text);
    }
    EXPECT_TRUE(planted) << fault.from << " is not in " << fault.file;
  }

  /// By induction, and from the reset on.
  bool proved(const std::string& parameters) {
    yosys(parameters, "write_smt2 -wires proof.smt2");
    return smtbmc({"-t", "5"}) && smtbmc({"-i", "-t", "3"});
  }
  /// Whether it fails within so many cycles of the reset.
  bool fails(const std::string& parameters, int cycles) {
    yosys(parameters, "write_smt2 -wires proof.smt2");
    return !smtbmc({"-t", std::to_string(cycles)});
  }
  /// What ABC says of so many cycles: "No output asserted in 18 frames".
  std::string bounded(const std::string& parameters, int cycles) {
    // ABC takes every output for a property.
    yosys(parameters,
          "delete -port o:*\nopt_clean\ntechmap\nabc -g AND -fast\nopt_clean\nwrite_aiger -zinit "
          "proof.aig");
    const ProcessResult result =
        run_process({find_program("yosys-abc", "yosys").string(), "-c",
                     fmt::format("read_aiger proof.aig; fold; bmc3 -F {}", cycles)},
                    dir_.path(), kProofLimit);
    return result.output;
  }

 private:
  std::string properties(const std::string& only) const {
    const std::string text =
        read_file(std::string(ASSAY_SOURCE_DIR) + "/tests/movers/properties/" + stem_ + ".sv");
    if (only.empty()) return text;
    // A property is "NAME: assert (...);".
    static const std::regex property(R"((\w+): assert [^;]*;)");
    std::string kept;
    auto end = text.cbegin();
    for (std::sregex_iterator it(text.begin(), text.end(), property), none; it != none; ++it) {
      kept.append(end, (*it)[0].first);
      if ((*it)[1] == only) kept += it->str();
      end = (*it)[0].second;
    }
    return kept.append(end, text.cend());
  }
  /// Registers that may say anything: a transfer begins at any time when the last one ended.
  static std::string any_control(const std::string& text) {
    std::string head = text.substr(0, text.find("\n);\n") + 4);
    static const std::regex output(R"(output logic\s+(?:\[[^\]]*\]\s+)?(s_axi_\w+|interrupt_o))");
    std::string body = R"(  (* anyseq *) logic start;
  (* anyseq *) logic [AddressBits-1:0] base;
  (* anyseq *) logic [2:0] frames;
  assign start_o  = start && idle_i;
  assign base_o   = {base[AddressBits-1:$clog2(MemoryBits/8)], {$clog2(MemoryBits/8){1'b0}}};
  assign frames_o = {29'd0, frames};
)";
    for (std::sregex_iterator it(head.begin(), head.end(), output), none; it != none; ++it)
      body += "  assign " + (*it)[1].str() + " = '0;\n";
    return head + body + "endmodule\n";
  }
  void yosys(const std::string& parameters, const std::string& write) {
    const std::string top = "assay_iodma_" + stem_;
    dir_.write("proof.ys",
               fmt::format("read_verilog -formal -sv {}\nchparam {} {}\nprep -flatten -top {}\n"
                           "memory_map\nopt -full\ndffunmap\nrename -top proof\n{}\n",
                           stem_ == "bursts" || stem_ == "control" ? top + ".sv" : "*.sv",
                           parameters, top, top, write));
    const ProcessResult result = run_process(
        {find_program("yosys", "yosys").string(), "-q", "proof.ys"}, dir_.path(), kProofLimit);
    ASSERT_TRUE(result.ok()) << result.output;
  }
  bool smtbmc(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {find_program("yosys-smtbmc", "yosys").string(), "--noprogress", "-s", "z3"});
    arguments.emplace_back("proof.smt2");
    const ProcessResult result = run_process(arguments, dir_.path(), kProofLimit);
    const bool passed = result.output.find("Status: PASSED") != std::string::npos;
    // Anything else than a verdict is a mistake.
    EXPECT_TRUE(passed || result.output.find("Status: FAILED") != std::string::npos)
        << result.output;
    return passed;
  }

  std::string stem_;
  TempDir dir_;
};

struct Broken {
  std::string property;
  Fault fault;
};

#define NEEDS_Z3                                          \
  if (!has_program("yosys-smtbmc") || !has_program("z3")) \
  GTEST_SKIP() << "needs yosys-smtbmc and z3; install the Debian packages yosys, z3"
#define NEEDS_ABC                                         \
  if (!has_program("yosys") || !has_program("yosys-abc")) \
  GTEST_SKIP() << "needs yosys and yosys-abc; install the Debian package yosys"

constexpr const char* kBursts =
    "-set MemoryBits {} -set WordSlots {} -set SlotWords {} -set FrameBeats {} -set MaxBurst {}";
std::string bursts_of(int bits, int slots, int words, int beats, int longest) {
  return fmt::format(fmt::runtime(kBursts), bits, slots, words, beats, longest);
}

TEST(MoverProof, BurstsOfEveryTransfer) {
  NEEDS_Z3;
  for (const std::string& parameters :
       {bursts_of(64, 1, 1, 3, 4), bursts_of(64, 8, 1, 3, 3), bursts_of(512, 16, 1, 5, 200),
        bursts_of(128, 1, 3, 2, 16), bursts_of(64, 2, 1, 1, 1)})
    EXPECT_TRUE(Proof("bursts").proved(parameters)) << parameters;
}

TEST(MoverProof, RegistersAnswerOnce) {
  NEEDS_Z3;
  EXPECT_TRUE(Proof("control").proved("-set MemoryBits 64"));
}

TEST(MoverProof, BrokenBurstsAreSeen) {
  NEEDS_Z3;
  const std::string file = "assay_iodma_bursts.sv";
  for (const Broken& b : std::vector<Broken>{
           {"PAGE", {file, "32'(page) < LongWords ? 9'(page) : Long", "Long"}},
           {"LENGTH", {file, "32'(page) < LongWords ? 9'(page) : Long", "9'(page)"}},
           {"LENGTH", {file, "KnownBits'(WordSlots - 1)", "KnownBits'(0)"}},
           {"STABLE",
            {file, "if (take) begin\n        burst", "if (burst_valid_o) begin\n        burst"}},
           {"EXACT", {file, "known < KnownBits'(Enough) && !take", "known < KnownBits'(Enough)"}},
           {"FOLLOWS", {file, "place + PlaceBits'(burst_words_o)", "place + PlaceBits'(1)"}},
           {"TAIL", {file, "whole || WordSlots == 1 ? '0 :", "WordSlots == 1 ? '0 :"}}})
    EXPECT_TRUE(Proof("bursts", b.property, b.fault).fails(bursts_of(64, 8, 1, 3, 3), 12))
        << b.property << ": " << b.fault.to;
}

TEST(MoverProof, BrokenRegistersAreSeen) {
  NEEDS_Z3;
  const std::string file = "assay_iodma_control.sv";
  for (const Broken& b : std::vector<Broken>{
           {"READ", {file, "if (read) s_axi_control_rdata", "s_axi_control_rdata"}},
           {"READS",
            {file, "if (s_axi_control_rready) s_axi_control_rvalid", "s_axi_control_rvalid"}},
           {"WRITE",
            {file, "if (s_axi_control_bready) s_axi_control_bvalid", "s_axi_control_bvalid"}},
           {"ADDRESSES", {file, "data_held && !s_axi_control_bvalid", "data_held"}},
           {"WORDS", {file, "data_held            <= 1'b0;\n        s", "s"}},
           {"START", {file, "take && !running", "take"}}})
    EXPECT_TRUE(Proof("control", b.property, b.fault).fails("-set MemoryBits 64", 12))
        << b.property << ": " << b.fault.to;
}

constexpr const char* kSmall =
    "-set MemoryBits 64 -set AddressBits 14 -set BeatBytes 3 -set FrameBeats 3 -set MaxBurst 3 "
    "-set "
    "Outstanding 2";
constexpr const char* kWide =
    "-set MemoryBits 64 -set AddressBits 14 -set BeatBytes 11 -set FrameBeats 2 -set MaxBurst 2 "
    "-set "
    "Outstanding 1";

void expect_bounded(const char* stem, int cycles) {
  for (const char* parameters : {kSmall, kWide})
    EXPECT_THAT(Proof(stem).bounded(parameters, cycles),
                ::testing::HasSubstr(fmt::format("No output asserted in {} frames", cycles)))
        << parameters;
}

TEST(MoverProof, ReadersInTheirFirstCycles) {
  NEEDS_ABC;
  expect_bounded("in", 16);
}

TEST(MoverProof, WritersInTheirFirstCycles) {
  NEEDS_ABC;
  expect_bounded("out", 16);
}

TEST(MoverProofNightly, ReadersInMoreCycles) {
  NEEDS_ABC;
  expect_bounded("in", 22);
}

TEST(MoverProofNightly, WritersInMoreCycles) {
  NEEDS_ABC;
  expect_bounded("out", 22);
}

void expect_broken(const char* stem, const std::vector<Broken>& all) {
  for (const Broken& b : all)
    EXPECT_THAT(Proof(stem, b.property, b.fault).bounded(kSmall, 24),
                ::testing::HasSubstr("was asserted in frame"))
        << b.property << ": " << b.fault.to;
}

TEST(MoverProof, BrokenReadersAreSeen) {
  NEEDS_ABC;
  const std::string in = "assay_iodma_in.sv", unpack = "assay_iodma_unpack.sv";
  expect_broken(
      "in",
      {{"ADDRESSES", {"assay_iodma_bursts.sv", "32'(page) < LongWords ? 9'(page) : Long", "Long"}},
       {"STABLE", {in, "(!m_axi_gmem_arvalid || m_axi_gmem_arready)", "1'b1"}},
       {"STREAM", {"assay_skid.sv", "if (take) out_data_o", "out_data_o"}},
       {"ROOM", {in, "burst_valid && fits &&", "burst_valid &&"}},
       {"ROOM",
        {in, "'0) +\n                   CountBits'(word_valid && word_ready)", "'0) + 1'b1"}},
       {"UNDER", {in, "under_way != UnderBits'(Outstanding) &&", ""}},
       {"COUNT", {unpack, "PlaceBits'(FrameBeats - 32'd1)", "PlaceBits'(FrameBeats - 32'd2)"}},
       {"IDLE", {unpack, "frames == '0 && !m_axis_tvalid", "frames == '0"}},
       {"IDLE", {unpack, "|| (last && frames == 32'd1)", "|| (last && frames == 32'd2)"}}});
}

TEST(MoverProof, BrokenWritersAreSeen) {
  NEEDS_ABC;
  const std::string out = "assay_iodma_out.sv";
  expect_broken(
      "out",
      {{"ADDRESSES", {"assay_iodma_bursts.sv", "32'(page) < LongWords ? 9'(page) : Long", "Long"}},
       {"STABLE", {out, "(!m_axi_gmem_awvalid || m_axi_gmem_awready)", "1'b1"}},
       {"WORD", {out, "m_axi_gmem_wready && length_valid", "length_valid"}},
       {"ASKED", {out, "= sent == length;", "= sent >= 8'd1;"}},
       {"FLOWS", {out, "burst_valid && whole &&", "burst_valid &&"}},
       {"UNDER", {out, "under_way != UnderBits'(Outstanding) &&", ""}},
       {"STROBES", {out, "32'(tail) * SlotBytes", "32'd0"}},
       {"STROBES", {"assay_iodma_bursts.sv", "-known[TailBits-1:0]", "known[TailBits-1:0] + 1'b1"}},
       {"IDLE",
        {out, "- UnderBits'(answer)",
         "- UnderBits'(word_valid && word_ready && m_axi_gmem_wlast)"}}});
}

/// No wire leads from a signal that comes in to one that goes out, but through a register: AXI's rule.
TEST(MoverPaths, NoneFromAnInputToAnOutput) {
  if (!has_program("yosys")) GTEST_SKIP() << "needs yosys; install the Debian package yosys";
  const auto paths = [](const std::string& stem, const Fault& fault) {
    const TempDir dir;
    for (sim::SourceFile source : mover_sources()) {
      if (source.name == fault.file) {
        EXPECT_TRUE(plant(source.text, fault));
      }
      dir.write(source.name, source.text);
    }
    // Memories that are read at once are no registers, their address is.
    const ProcessResult result = run_process(
        {find_program("yosys", "yosys").string(), "-q", "-p",
         fmt::format("read_verilog -sv *.sv; hierarchy -check -top assay_iodma_{}; proc; flatten; "
                     "opt; memory -nomap; opt_clean; "
                     "select -set cone o:* %ci*:-$dff,$sdff,$dffe,$sdffe,$sdffce,$mem_v2 ; "
                     "select -assert-none @cone i:* %i i:clk_i i:rst_ni %u %d",
                     stem)},
        dir.path(), kProofLimit);
    return result.ok() ? "" : result.output;
  };
  EXPECT_EQ(paths("in", {}), "");
  EXPECT_EQ(paths("out", {}), "");
  EXPECT_THAT(paths("out", {"assay_iodma_out.sv", "word_valid && length_valid;",
                            "word_valid && length_valid && m_axi_gmem_awready;"}),
              ::testing::HasSubstr("m_axi_gmem_awready"));
}

}  // namespace
}  // namespace assay::movers::test
