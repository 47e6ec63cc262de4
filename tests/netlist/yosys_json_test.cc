// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/yosys_json.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "compile/base/error.h"
#include "netlist/cell_cases.h"
#include "netlist/plain_simulator.h"

namespace assay::netlist::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A module's text from its ports, cells and names.
std::string module_json(const std::string& ports, const std::string& cells,
                        const std::string& names = "", const std::string& attributes = "") {
  return fmt::format(R"({{"attributes":{{{}}},"ports":{{{}}},"cells":{{{}}},"netnames":{{{}}}}})",
                     attributes, ports, cells, names);
}

std::string file_json(const std::string& modules) {
  return fmt::format(R"({{"creator":"test","modules":{{{}}}}})", modules);
}

const std::string kAndPorts =
    R"("a":{"direction":"input","bits":[2,3]},"y":{"direction":"output","bits":[4]})";
const std::string kAndCell =
    R"("u":{"type":"SB_LUT4","parameters":{"LUT_INIT":"100000001000"},"port_directions":{"O":"output"},)"
    R"("connections":{"I0":[2],"I1":[3],"I2":["0"],"I3":["x"],"O":[4]}})";

std::string top_json(const std::string& cells) {
  return file_json("\"top\":" + module_json(kAndPorts, cells));
}

std::string refused(const std::string& text, Family family = Family::kIce40) {
  try {
    read_yosys_json(text, "top", family, "design.json");
  } catch (const UserError& error) {
    return error.what();
  }
  return "not refused";
}

std::string replaced(std::string text, const std::string& old, const std::string& by) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), by);
}

TEST(YosysJson, ReadsAHandWorkedDesign) {
  const Netlist n = read_yosys_json(
      file_json("\"top\":" + module_json(kAndPorts, kAndCell,
                                         R"("both":{"hide_name":0,"bits":[2,3]},)"
                                         R"("$1":{"hide_name":1,"bits":[4]},)"
                                         R"("tied":{"hide_name":0,"bits":["1","x",4]})")),
      "top", Family::kIce40, "design.json");
  EXPECT_EQ(n.name, "top");
  ASSERT_EQ(n.names.size(), 2U);
  EXPECT_EQ(n.names.at("both"), n.port("a")->bits);
  EXPECT_EQ(n.names.at("tied"), (std::vector<Net>{kOne, kZero, n.port("y")->bits[0]}));
  PlainSimulator simulator(n);
  for (unsigned row = 0; row < 4; ++row) {
    simulator.set("a", row);
    simulator.settle();
    EXPECT_EQ(simulator.get("y"), row == 3 ? 1U : 0U);
  }
}

/// A module "half" that gives its first input as it is, and a constant, and y = a[0] & a[1].
std::string half_json() {
  return "\"half\":" + module_json(R"("a":{"direction":"input","bits":[7,9]},)"
                                   R"("y":{"direction":"output","bits":[8,7,"1"]})",
                                   R"("u":{"type":"SB_LUT4","parameters":{"LUT_INIT":8},)"
                                   R"("connections":{"I0":[7],"I1":[9],"O":[8]}})",
                                   R"("inner":{"hide_name":0,"bits":[8]})");
}

TEST(YosysJson, FlattensModulesInModules) {
  const std::string middle =
      "\"middle\":" +
      module_json(
          R"("a":{"direction":"input","bits":[2,3]},"y":{"direction":"output","bits":[4,5,6]})",
          R"("low":{"type":"half","parameters":{},"connections":{"a":[2,3],"y":[4,5,6]}})");
  const std::string top =
      "\"top\":" +
      module_json(
          R"("a":{"direction":"input","bits":[2,3]},)"
          R"("y":{"direction":"output","bits":[4,5,6,7,8,9]})",
          R"("u_0":{"type":"middle","parameters":{},"connections":{"a":[2,3],"y":[4,5,6]}},)"
          R"("u_1":{"type":"half","parameters":{},"connections":{"a":[3,"1"],"y":[7,8,9]}})");
  const Netlist n = read_yosys_json(file_json(half_json() + "," + middle + "," + top), "top",
                                    Family::kIce40, "design.json");
  EXPECT_EQ(n.names.count("u_0.low.inner"), 1U);
  EXPECT_EQ(n.names.count("u_1.inner"), 1U);
  PlainSimulator simulator(n);
  for (unsigned a = 0; a < 4; ++a) {
    simulator.set("a", a);
    simulator.settle();
    const unsigned y = (a == 3 ? 1U : 0U) | (a & 1U) << 1 | 4U;
    const unsigned z = (a >> 1) | (a >> 1) << 1 | 4U;
    EXPECT_EQ(simulator.get("y"), y | z << 3) << a;
  }
}

TEST(YosysJson, AModuleOfALibraryIsACell) {
  const std::string box =
      "\"SB_LUT4\":" + module_json("", "", "", R"("whitebox":"00000000000000000000000000000001")");
  EXPECT_EQ(refused(file_json(box + ",\"top\":" + module_json(kAndPorts, kAndCell))),
            "not refused");
  const std::string own = "\"SB_LUT4\":" + module_json("", "");
  EXPECT_THAT(refused(file_json(own + ",\"top\":" + module_json(kAndPorts, kAndCell))),
              HasSubstr("module 'SB_LUT4' of 'u' has no port 'I0'"));
}

TEST(YosysJson, InitialValuesComeWithNames) {
  const auto text = [](const char* init) {
    return file_json(
        "\"top\":" +
        module_json(
            R"("c":{"direction":"input","bits":[2]},"q":{"direction":"output","bits":[3,4,5]})",
            R"("f":{"type":"$_DFF_P_","connections":{"C":[2],"D":[4],"Q":[3]}},)"
            R"("g":{"type":"$_DFF_P_","connections":{"C":[2],"D":[3],"Q":[4]}},)"
            R"("h":{"type":"SB_DFF","connections":{"C":[2],"D":[3],"Q":[5]}})",
            fmt::format(R"("q":{{"hide_name":0,"bits":[3,4,5],"attributes":{{"init":"{}"}}}})",
                        init)));
  };
  const Netlist n = read_yosys_json(text("0x1"), "top", Family::kIce40, "design.json");
  EXPECT_EQ(n.flip_flops.at(0).initial, Initial::kOne);
  EXPECT_EQ(n.flip_flops.at(1).initial, Initial::kUnknown);
  EXPECT_EQ(n.flip_flops.at(2).initial, Initial::kZero);
  EXPECT_THAT(refused(text("1xx")), HasSubstr("flip-flop 'h' and 'init' of its wire differ"));
}

TEST(YosysJson, AnInitialValueOfFewerBitsSaysNothingOfTheOthers) {
  constexpr int kBits = 48, kFirst = 100;
  std::string bits;
  for (int i = 0; i < kBits; ++i) bits += fmt::format("{}{}", i == 0 ? "" : ",", kFirst + i);
  std::string cells;
  for (int i = 0; i < kBits; ++i)
    cells += fmt::format(
        R"({}"f{:02}":{{"type":"$_DFF_P_","connections":{{"C":[2],"D":[2],"Q":[{}]}}}})",
        i == 0 ? "" : ",", i, kFirst + i);
  const std::string ports = fmt::format(
      R"("c":{{"direction":"input","bits":[2]}},"q":{{"direction":"output","bits":[{}]}})", bits);
  const std::string names =
      fmt::format(R"("q":{{"hide_name":0,"bits":[{}],"attributes":{{"init":"{}"}}}})", bits,
                  std::string(32, '1'));
  const Netlist n = read_yosys_json(file_json("\"top\":" + module_json(ports, cells, names)), "top",
                                    Family::kIce40, "design.json");
  ASSERT_EQ(n.flip_flops.size(), 48U);
  for (std::size_t i = 0; i < n.flip_flops.size(); ++i)
    EXPECT_EQ(n.flip_flops[i].initial, i < 32 ? Initial::kOne : Initial::kUnknown) << i;
}

TEST(YosysJson, CellsWithoutAModelAreRefusedByName) {
  EXPECT_THAT(refused(top_json(replaced(kAndCell, "SB_LUT4", "SB_SPRAM256KA"))),
              AllOf(HasSubstr("design.json"), HasSubstr("cell 'u' is a SB_SPRAM256KA"),
                    HasSubstr("no model among those of ice40")));
  EXPECT_THAT(refused(top_json(replaced(kAndCell, "SB_LUT4", "SB_DFFER"))), HasSubstr("SB_DFFER"));
  EXPECT_THAT(refused(top_json(kAndCell), Family::kEcp5), HasSubstr("SB_LUT4"));
  // LUT4 of ECP5 has other pins than that of Xilinx.
  const std::string lut = replaced(replaced(kAndCell, "SB_LUT4", "LUT4"), "LUT_INIT", "INIT");
  EXPECT_EQ(refused(top_json(lut), Family::kXilinx), "not refused");
  EXPECT_THAT(refused(top_json(lut), Family::kEcp5),
              AllOf(HasSubstr("cell 'u' (LUT4)"), HasSubstr("no pin")));
}

/// Yosys connects 64 bits to each data pin of an RAMB18E1, which has 16; and so on.
TEST(YosysJson, PinsOfABlockRamMayBeWiderAndAreCut) {
  std::string out = "\"y\":{\"direction\":\"output\",\"bits\":[", data = "\"DOADO\":[";
  for (int i = 0; i < 64; ++i) data += fmt::format("{}{}", i == 0 ? "" : ",", 100 + i);
  const std::string ports =
      R"("clk":{"direction":"input","bits":[2]},"a":{"direction":"input","bits":[3]},)";
  const std::string cell =
      R"("u":{"type":"RAMB18E1","parameters":{"RAM_MODE":"TDP","READ_WIDTH_A":18,)"
      R"("INIT_00":"00010010001101000101011001111000"},"connections":{"CLKARDCLK":[2],"ENARDEN":["1"],)"
      R"("ADDRARDADDR":["0","0","0","0",3,"0","0","0","0","0","0","0","0","0"],)"
      R"("DIADI":["x","0","x","0","x","0","x","0","x","0","x","0","x","0","x","0","x","0"],)" +
      data + "]}}";
  const auto design = [&](int first) {
    std::string bits;
    for (int i = first; i < first + 16; ++i)
      bits += fmt::format("{}{}", bits.empty() ? "" : ",", i);
    return file_json("\"top\":" + module_json(ports + out + bits + "]}", cell));
  };
  PlainSimulator simulator(read_yosys_json(design(100), "top", Family::kXilinx, "design.json"));
  for (const unsigned row : {0U, 1U}) {
    simulator.set("a", row);
    simulator.clock();
    EXPECT_EQ(simulator.get("y"), row == 0 ? 0x5678U : 0x1234U);
  }
  // A large one has 16 address pins, of which the topmost serves cascades; Yosys connects 17.
  std::string large = replaced(design(100), "RAMB18E1", "RAMB36E1");
  large = replaced(large, R"("0","0","0","0","0","0","0","0","0"],)",
                   R"("0","0","0","0","0","0","0","0","0","0","0","1"],)");
  large = replaced(large, R"("DIADI":[)",
                   R"("DIADI":["0","0","0","0","0","0","0","0","0","0","0","0","0","0",)");
  PlainSimulator another(read_yosys_json(large, "top", Family::kXilinx, "design.json"));
  for (const unsigned row : {0U, 1U}) {
    another.set("a", row);
    another.clock();
    EXPECT_EQ(another.get("y"), row == 0 ? 0x5678U : 0x1234U);
  }
  EXPECT_THAT(refused(design(104), Family::kXilinx), HasSubstr("drive"));
  EXPECT_THAT(
      refused(replaced(design(100), "\"0\",\"0\",\"0\",\"0\",3", "\"0\",\"0\",3"), Family::kXilinx),
      HasSubstr("ADDRARDADDR has not 14 bits"));
}

TEST(YosysJson, CellsOfAnotherFormAreRefusedByName) {
  const auto says = [](const std::string& old, const std::string& by, const char* what) {
    EXPECT_THAT(refused(top_json(replaced(kAndCell, old, by))),
                AllOf(HasSubstr("design.json: cell 'u' (SB_LUT4)"), HasSubstr(what)));
  };
  says("\"I3\":[\"x\"]", "\"I9\":[2]", "no pin I9");
  says("\"I3\":[\"x\"]", "\"I3\":[2,3]", "its pin I3 has not 1 bits");
  says("\"O\":[4]", "\"O\":[\"0\"]", "its output O drives a constant");
  says("\"O\":\"output\"", "\"O\":\"input\"", "its pin O is not");
  says("LUT_INIT", "LUT_WHAT", "no parameter LUT_WHAT");
  // x at a pin that nothing depends on is none; elsewhere nobody knows what it does.
  says("\"I0\":[2]", "\"I0\":[\"x\"]", "depends on a pin that is x or z");
  const std::string ram =
      R"("u":{"type":"RAMB18E1","parameters":{"INITP_08":"0"},"connections":{}})";
  EXPECT_THAT(refused(top_json(ram), Family::kXilinx), HasSubstr("no parameter INITP_08"));
  const std::string lut_ram = R"("u":{"type":"RAM32X1S","connections":{"A5":[2]}})";
  EXPECT_THAT(refused(top_json(lut_ram), Family::kXilinx), HasSubstr("no pin A5"));
  says("\"100000001000\"", "\"fast\"", "is 'fast', not a number");
  says("\"100000001000\"", "\"11000000000000000\"", "has more than 16 bits");
  const std::string carry = R"("u":{"type":"SB_CARRY","connections":{"I0":[2],"I1":[3],"CO":[4]}})";
  EXPECT_THAT(refused(top_json(carry)), HasSubstr("its pin CI is not connected"));
}

TEST(YosysJson, HostileFilesAreRefused) {
  EXPECT_THAT(refused("{"), HasSubstr("design.json: it is no JSON"));
  EXPECT_THAT(refused(std::string(200000, '[')), HasSubstr("no JSON"));
  EXPECT_THAT(refused("[]"), HasSubstr("'modules' is missing"));
  EXPECT_THAT(refused("{\"modules\":[]}"), HasSubstr("'modules' is missing"));
  EXPECT_THAT(refused(file_json("")), HasSubstr("no module 'top'"));
  EXPECT_THAT(refused(file_json("\"top\":7")), HasSubstr("module 'top' is no object"));
  EXPECT_THAT(refused(file_json("\"top\":{}")), HasSubstr("'top' has no 'ports'"));
  EXPECT_THAT(refused(file_json("\"top\":{\"ports\":{}}")), HasSubstr("has no 'cells'"));
  EXPECT_THAT(refused(file_json("\"top\":{\"ports\":{\"a\":{}},\"cells\":{}}")),
              HasSubstr("'a' has no 'direction'"));
  EXPECT_THAT(refused(top_json("\"u\":[]")), HasSubstr("'u' has no 'type'"));
  EXPECT_THAT(refused(file_json("\"top\":{\"ports\":{\"a\":{\"direction\":\"input\",\"upto\":1,"
                                "\"bits\":[2,3]}},\"cells\":{}}")),
              HasSubstr("'a' are not numbered from 0 upwards: its 'upto' is 1"));
  EXPECT_THAT(refused(top_json(replaced(kAndCell, "[2]", "[-2]"))), HasSubstr("neither a number"));
  EXPECT_THAT(refused(top_json(replaced(kAndCell, "[2]", "[\"zz\"]"))),
              HasSubstr("neither a number"));
  EXPECT_THAT(refused(top_json(replaced(kAndCell, "[2]", "{}"))), HasSubstr("has not 1 bits"));
  const std::string both = replaced(kAndPorts, "\"output\"", "\"inout\"");
  EXPECT_THAT(refused(file_json("\"top\":" + module_json(both, kAndCell))),
              HasSubstr("goes both ways"));
  EXPECT_THAT(refused(file_json(
                  "\"top\":" +
                  module_json(kAndPorts, kAndCell + "," + replaced(kAndCell, "\"u\"", "\"v\"")))),
              HasSubstr("two drivers"));
}

TEST(YosysJson, ModulesThatHoldThemselvesAreRefused) {
  const std::string inner = R"("u":{"type":"half","connections":{}})";
  EXPECT_THAT(refused(file_json("\"half\":" + module_json("", inner) +
                                ",\"top\":" + module_json(kAndPorts, inner))),
              HasSubstr("module 'half' holds itself"));
  EXPECT_THAT(
      refused(file_json("\"top\":" + module_json(kAndPorts, replaced(inner, "half", "top")))),
      HasSubstr("module 'top' holds itself"));
  std::string chain = "\"top\":" + module_json(kAndPorts, replaced(inner, "half", "m0"));
  for (int i = 0; i < 300; ++i)
    chain += fmt::format(",\"m{}\":{}", i,
                         module_json("", replaced(inner, "half", fmt::format("m{}", i + 1))));
  EXPECT_THAT(refused(file_json(chain + ",\"m300\":" + module_json("", ""))),
              HasSubstr("200 modules"));
}

/// A small pipeline: products of four inputs by weights from a memory, an accumulator, a FIFO of its
/// results, and a counter, in two modules.
constexpr const char* kDesign = R"(
module multiply #(parameter int W = 4) (
  input logic clk, input logic rst, input logic [W-1:0] a, input logic [5:0] at,
  output logic [11:0] sum);
  logic [7:0] weights [0:63];
  logic [7:0] weight;
  initial for (int i = 0; i < 64; i++) weights[i] = 8'(i * 37 + 11);
  always_ff @(posedge clk) weight <= weights[at];
  logic [W-1:0] held;
  always_ff @(posedge clk) held <= a;
  always_ff @(posedge clk) if (rst) sum <= '0; else sum <= sum + held * weight;
endmodule
module top(input logic clk, input logic rst, input logic [3:0] a, input logic push,
           input logic [4:0] from, output logic [11:0] sum, output logic [11:0] old);
  logic [5:0] at;
  always_ff @(posedge clk) if (rst) at <= '0; else at <= at + 6'd1;
  multiply #(.W(4)) u_multiply(.clk, .rst, .a, .at, .sum);
  logic [11:0] kept [0:31];
  logic [4:0] next;
  always_ff @(posedge clk) if (rst) next <= '0; else if (push) next <= next + 5'd1;
  always_ff @(posedge clk) if (push) kept[next] <= sum;
  assign old = kept[from];
endmodule
)";

/// The same in the fewest words.
struct DesignTruth {
  unsigned at = 0, weight = 0, held = 0, sum = 0, next = 0;
  std::array<unsigned, 32> kept{};
  std::array<bool, 32> known{};

  void clock(bool rst, unsigned a, bool push) {
    if (push) kept[next] = sum, known[next] = true;
    next = rst ? 0 : (next + (push ? 1 : 0)) % 32;
    sum = rst ? 0 : (sum + held * weight) % 4096;
    weight = (at * 37 + 11) % 256, held = a;
    at = rst ? 0 : (at + 1) % 64;
  }
};

void expect_design_runs(Family family, const std::string& synthesis) {
  SCOPED_TRACE(synthesis);
  const std::string json = yosys_json(
      {{"top.sv", kDesign}}, "read_verilog -sv top.sv; " + synthesis + "; write_json out.json");
  const Netlist netlist = read_yosys_json(json, "top", family, "out.json");
  Netlist simple = netlist;
  simplify(simple);
  PlainSimulator simulator(netlist), second(simple, true);
  DesignTruth truth;
  std::mt19937_64 random(4);
  for (int cycle = 0; cycle < 600; ++cycle) {
    const bool rst = cycle < 3 || random() % 97 == 0, push = random() % 3 == 0;
    const unsigned a = random() % 16, from = random() % 32;
    for (PlainSimulator* s : {&simulator, &second}) {
      s->set("rst", rst);
      s->set("a", a);
      s->set("push", push);
      s->set("from", from);
      s->settle();
      if (cycle > 2) {
        ASSERT_EQ(s->get("sum"), truth.sum) << cycle;
        if (truth.known[from]) {
          ASSERT_EQ(s->get("old"), truth.kept[from]) << cycle;
        }
      }
      s->clock();
    }
    truth.clock(rst, a, push);
  }
}

TEST(YosysJson, ADesignOfEveryFamilyRuns) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_design_runs(Family::kIce40, "synth_ice40 -noflatten -top top");
  expect_design_runs(Family::kEcp5, "synth_ecp5 -top top; blackbox =A:whitebox");
  expect_design_runs(Family::kXilinx, "synth_xilinx -flatten -nodsp -top top");
}

TEST(YosysJsonNightly, ADesignInOtherWaysRuns) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_design_runs(Family::kIce40, "synth_ice40 -top top");
  expect_design_runs(Family::kEcp5, "synth_ecp5 -nodsp -noflatten -top top; blackbox =A:whitebox");
  expect_design_runs(Family::kXilinx, "synth_xilinx -flatten -noiopad -noclkbuf -nodsp -top top");
}

// Before cells of a family: what every family may have.
TEST(YosysJson, ADesignOfInternalCellsRuns) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_design_runs(Family::kXilinx, "synth -flatten -top top");
  expect_design_runs(Family::kEcp5, "synth -flatten -lut 6 -top top");
}

/// Yosys' own cells against Yosys' definitions of them, which read as the operators of the language.
TEST(YosysJson, InternalGatesAreAsInYosysModels) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  struct GateCase {
    const char *type, *pins;
    unsigned rows;  ///< its values, the first pin the lowest bit of a row's number, worked by hand
  };
  for (const auto& [type, gate_pins, rows] :
       std::initializer_list<GateCase>{{"$_BUF_", "A", 0b10},
                                       {"$_NOT_", "A", 0b01},
                                       {"$_AND_", "AB", 0b1000},
                                       {"$_NAND_", "AB", 0b0111},
                                       {"$_OR_", "AB", 0b1110},
                                       {"$_NOR_", "AB", 0b0001},
                                       {"$_XOR_", "AB", 0b0110},
                                       {"$_XNOR_", "AB", 0b1001},
                                       {"$_ANDNOT_", "AB", 0b0010},
                                       {"$_ORNOT_", "AB", 0b1011},
                                       {"$_MUX_", "ABS", 0b11001010},
                                       {"$_NMUX_", "ABS", 0b00110101},
                                       {"$_AOI3_", "ABC", 0b00000111},
                                       {"$_OAI3_", "ABC", 0b00011111},
                                       {"$_AOI4_", "ABCD", 0x0777},
                                       {"$_OAI4_", "ABCD", 0x111f}}) {
    std::string connections;
    int bit = 2;
    for (const char* pin = gate_pins; *pin != 0; ++pin)
      connections += fmt::format("\"{}\":[{}],", *pin, bit++);
    const std::string ports =
        R"("a":{"direction":"input","bits":[2,3,4,5]},"y":{"direction":"output","bits":[6]})";
    PlainSimulator simulator(read_yosys_json(
        file_json(
            "\"top\":" +
            module_json(ports, fmt::format(R"("u":{{"type":"{}","connections":{{{}"Y":[6]}}}})",
                                           type, connections))),
        "top", Family::kEcp5, "design.json"));
    for (unsigned row = 0; row < 1U << (bit - 2); ++row) {
      simulator.set("a", row);
      simulator.settle();
      EXPECT_EQ(simulator.get("y"), rows >> row & 1U) << type << " row " << row;
    }
  }
}

/// Of every synchronous kind by what its letters say.
TEST(YosysJson, InternalFlipFlopsAreAsTheirLettersSay) {
  struct Kind {
    std::string type;
    bool resets, enables, gated;
  };
  std::vector<Kind> kinds;
  for (const char c : {'P', 'N'}) {
    kinds.push_back({fmt::format("$_DFF_{}_", c), false, false, false});
    for (const char e : {'P', 'N'})
      kinds.push_back({fmt::format("$_DFFE_{}{}_", c, e), false, true, false});
    for (const char r : {'P', 'N'})
      for (const char v : {'0', '1'}) {
        kinds.push_back({fmt::format("$_SDFF_{}{}{}_", c, r, v), true, false, false});
        for (const char e : {'P', 'N'}) {
          kinds.push_back({fmt::format("$_SDFFE_{}{}{}{}_", c, r, v, e), true, true, false});
          kinds.push_back({fmt::format("$_SDFFCE_{}{}{}{}_", c, r, v, e), true, true, true});
        }
      }
  }
  const std::string ports =
      R"("i":{"direction":"input","bits":[3,4,5]},"c":{"direction":"input","bits":[2]},)"
      R"("q":{"direction":"output","bits":[6]})";
  for (const Kind& kind : kinds) {
    const std::string cell =
        fmt::format(R"("u":{{"type":"{}","connections":{{"C":[2],"D":[3],{}{}"Q":[6]}}}})",
                    kind.type, kind.resets ? "\"R\":[4]," : "", kind.enables ? "\"E\":[5]," : "");
    const Netlist n = read_yosys_json(file_json("\"top\":" + module_json(ports, cell)), "top",
                                      Family::kIce40, "d.json");
    const std::string letters = kind.type.substr(kind.type.find('_', 2) + 1);
    EXPECT_EQ(n.flip_flops.at(0).falling, letters[0] == 'N') << kind.type;
    for (unsigned row = 0; row < 16; ++row) {
      const bool was = row >> 3 != 0, d = row & 1U;
      const bool r = kind.resets && (row >> 1 & 1U) == (letters[1] == 'P' ? 1U : 0U);
      const bool e =
          !kind.enables || (row >> 2 & 1U) == (letters[kind.resets ? 3 : 1] == 'P' ? 1U : 0U);
      PlainSimulator simulator(n, was);
      simulator.set("i", row & 7U);
      simulator.settle();
      simulator.clock();
      const bool next = r && (e || !kind.gated) ? letters[2] == '1' : e ? d : was;
      EXPECT_EQ(simulator.get("q"), next ? 1U : 0U) << kind.type << " row " << row;
    }
  }
}

}  // namespace
}  // namespace assay::netlist::test
