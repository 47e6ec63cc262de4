// SPDX-License-Identifier: Apache-2.0
// What is checked without Vivado: good projects pass, and every rule sees the fault that breaks it.
#include "compile/backend/zynq/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "compile/backend/zynq/system.h"
#include "compile/backend/zynq/xml.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "zynq/designs.h"

namespace assay::zynq::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Names of boards with a processing system, or of platforms.
std::vector<std::string_view> boards_of(bool platforms) {
  std::vector<std::string_view> names;
  for (const hw::Board& board : hw::boards())
    if (is_platform(board) == platforms) names.push_back(board.name);
  return names;
}

class ZynqScripts : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_program("tclsh")) GTEST_SKIP() << "needs tclsh; install tcl";
  }
};

TEST_F(ZynqScripts, RunOnTheModelOfVivado) {
  for (const std::string_view board : boards_of(false)) {
    const Design one(top::dense_graph(), board), four(two_by_two(), board);
    EXPECT_EQ(mock_says(one.project), "") << board;
    EXPECT_EQ(mock_says(four.project), "") << board;
  }
}

TEST_F(ZynqScripts, ReachRunTimeWeights) {
  for (const std::string_view board : boards_of(false))
    EXPECT_EQ(mock_says(Design(writable_steps(), board).project), "") << board;
}

/// More movers than memory ports share them.
TEST_F(ZynqScripts, ShareMemoryPorts) {
  top::Builder b;
  std::vector<Tensor*> outputs;
  for (const char* name : {"a", "b", "c"})
    outputs.push_back(
        b.fifo(std::string(name) + "_out", b.input(name, {1, 4}, DataType::uint(3)), 8));
  const Design design(b.finish(outputs));
  EXPECT_THAT(design.text("bd.tcl"),
              HasSubstr("odma1/m_axi_gmem] [get_bd_intf_pins memory0_bus/S01_AXI]"));
  EXPECT_EQ(mock_says(design.project), "");
}

TEST_F(ZynqScripts, LeaveBitsAndHandoffSideBySide) {
  const Design design(top::dense_graph());
  const TempDir dir;
  write_project(design.project, dir);
  EXPECT_THAT(script_faults(design.project, dir.path(), find_program("tclsh", "tcl")), IsEmpty());
  for (const char* file :
       {"assay.bit", "assay.hwh", "reports/timing.rpt", "reports/u_first.rpt", "reports/netlist.v"})
    EXPECT_TRUE(std::filesystem::is_regular_file(dir.path() / file)) << file;
  EXPECT_THAT(read_file(dir.path() / "reports/layers.tsv"), HasSubstr("u_first\tfirst\n"));
}

/// Names of a model go into scripts, descriptions, comments and tables, and stay names there.
TEST_F(ZynqScripts, HoldWhateverNamesAModelHas) {
  const std::vector<std::string> names = {"a{b}{", "[exit 3]", "$here \"quoted\"", "*/ # ; \\"};
  top::Builder b;
  Tensor* x = b.input("x<[&]>*/{", {1, 4}, DataType::uint(3));
  for (const std::string& name : names) x = b.fifo(name, x, 8);
  const Design design(b.finish({x}));
  const TempDir dir;
  write_project(design.project, dir);
  EXPECT_THAT(script_faults(design.project, dir.path(), find_program("tclsh", "tcl")), IsEmpty());
  const std::string layers = read_file(dir.path() / "reports/layers.tsv");
  const auto floorplan = nlohmann::json::parse(design.text("floorplan.json"));
  for (const std::string& name : names) {
    EXPECT_THAT(layers, HasSubstr("\t" + printable(name) + "\n"));
    EXPECT_TRUE(floorplan.contains(printable(name)));
  }
  EXPECT_EQ(parse_xml(design.text("ip/idma0/component.xml")).child("spirit:description").text,
            "moves frames of x<[&]>*/{ from memory to s_axis");
  const ProcessResult header = run_process({find_program("cc", "gcc").string(), "-fsyntax-only",
                                            "-Wall", "-Werror", "-xc", "assay_accelerator.h"},
                                           dir.path(), std::chrono::seconds(60));
  EXPECT_TRUE(header.ok()) << header.output;
}

TEST_F(ZynqScripts, HoldWhateverNamesLayersWithWeightsHave) {
  for (const std::string name : {"[exit 3]", "*/ # ; \\ /*", "$x \"y\" {"}) {
    const Design design(writable_steps(name));
    const TempDir dir;
    write_project(design.project, dir);
    EXPECT_THAT(script_faults(design.project, dir.path(), find_program("tclsh", "tcl")), IsEmpty());
    EXPECT_EQ(nlohmann::json::parse(design.text("interfaces.json"))["weights"]["stores"][0]["node"],
              printable(name));
    const ProcessResult header = run_process({find_program("cc", "gcc").string(), "-fsyntax-only",
                                              "-Wall", "-Werror", "-xc", "assay_accelerator.h"},
                                             dir.path(), std::chrono::seconds(60));
    EXPECT_TRUE(header.ok()) << header.output;
  }
}

struct ScriptFault {
  std::string file, from, to, says;
};

const std::vector<ScriptFault>& script_faults_to_see() {
  static const std::vector<ScriptFault> faults = {
      // Names.
      {"bd.tcl", "create_bd_design top", "create_bd_dessin top", "no command 'create_bd_dessin'"},
      {"bd.tcl", "[newest smartconnect] control_bus", "[newest smartconect] control_bus",
       "no IP called 'smartconect'"},
      {"bd.tcl", "assay:dataflow:idma0:1.0", "assay:dataflow:idma0:1.1", "there is no IP"},
      {"bd.tcl", "get_bd_pins ps/FCLK_CLK0]", "get_bd_pins ps/FCLK_CLK1]",
       "nothing called 'FCLK_CLK1'"},
      {"bd.tcl", "idma0/m_axis]", "idma0/m_axis_0]", "nothing called 'm_axis_0'"},
      {"bd.tcl", "CONFIG.PCW_USE_S_AXI_HP0 {1}", "CONFIG.PCW_USE_S_AXI_HP9 {1}", "no parameter"},
      {"bd.tcl", "CONFIG.NUM_PORTS {2}", "CONFIG.NUM_PORTS {two}", "cannot be 'two'"},
      {"bd.tcl", "[newest xlconcat] interrupts", "[newest xlconcat] reset0", "two cells"},
      {"bd.tcl", "-force\n", "-forced\n", "no option '-forced'"},
      {"bd.tcl", "bd_rule:processing_system7", "bd_rule:processing_system8", "has no rule"},
      {"project.tcl", "xc7z020clg400-1", "xc7z020clg400-9", "no part"},
      {"project.tcl", "set_property top top_wrapper", "set_property topp top_wrapper",
       "no property 'topp'"},
      {"project.tcl", "[file join $here constraints.xdc]", "[file join $here constrains.xdc]",
       "no file"},
      {"project.tcl", "www.digilentinc.com:pynq-z1:part0:*", "pynq", "no pattern of board files"},
      {"synth.tcl", "launch_runs synth_1", "launch_runs synth_2", "no run 'synth_2'"},
      {"synth.tcl", "launch_runs synth_1", "# nothing", "synth_1 failed"},
      {"impl.tcl", " -to_step write_bitstream", "", "no such file"},
      // Clocks, resets and interrupts.
      {"bd.tcl", "connect_bd_net [get_bd_pins ps/FCLK_CLK0] [get_bd_pins idma0/ap_clk]\n", "",
       "accelerator0/s_axis and idma0/m_axis have different clocks"},
      {"bd.tcl",
       "connect_bd_net [get_bd_pins reset0/peripheral_aresetn] [get_bd_pins "
       "accelerator0/ap_rst_n]\n",
       "", "accelerator0/ap_rst_n, a reset_low, is not connected"},
      {"bd.tcl", "reset0/peripheral_aresetn] [get_bd_pins accelerator0/ap_rst_n]",
       "reset0/peripheral_reset] [get_bd_pins accelerator0/ap_rst_n]", "is a reset_high"},
      {"bd.tcl", "ps/FCLK_CLK0] [get_bd_pins accelerator0/ap_clk]",
       "ps/FCLK_CLK0] [get_bd_pins accelerator0/ap_rst_n]", "is a clock and"},
      {"bd.tcl", "ps/FCLK_CLK0] [get_bd_pins accelerator0/ap_clk]",
       "ps/FCLK_CLK0] [get_bd_pins reset0/peripheral_aresetn]", "2 sources"},
      {"bd.tcl", "connect_bd_net [get_bd_pins odma0/interrupt] [get_bd_pins interrupts/In1]\n", "",
       "interrupts/In1, a data, is not connected"},
      {"bd.tcl", "odma0/interrupt] [get_bd_pins interrupts/In1]",
       "odma0/interrupt] [get_bd_pins interrupts/In0]", "2 sources"},
      {"bd.tcl", "idma0/interrupt] [get_bd_pins interrupts/In0]",
       "interrupts/dout] [get_bd_pins interrupts/In0]", "has 2 bits"},
      // Streams and buses.
      {"bd.tcl",
       "connect_bd_intf_net [get_bd_intf_pins idma0/m_axis] [get_bd_intf_pins "
       "accelerator0/s_axis]\n",
       "", "accelerator0/s_axis is not connected"},
      {"bd.tcl", "accelerator0/m_axis] [get_bd_intf_pins odma0/s_axis]",
       "idma0/m_axis] [get_bd_intf_pins odma0/s_axis]", "connected already"},
      {"bd.tcl", "idma0/m_axis] [get_bd_intf_pins accelerator0/s_axis]",
       "accelerator0/m_axis] [get_bd_intf_pins accelerator0/s_axis]", "has 16 bits and"},
      {"bd.tcl", "idma0/m_axis] [get_bd_intf_pins accelerator0/s_axis]",
       "idma0/m_axis] [get_bd_intf_pins accelerator0/m_axis]", "both masters"},
      {"bd.tcl", "control_bus/M00_AXI] [get_bd_intf_pins idma0/s_axi_control]",
       "control_bus/M00_AXI] [get_bd_intf_pins ps/FIXED_IO]", "is aximm and"},
      {"bd.tcl", "make_external \"FIXED_IO, DDR\"", "make_external \"DDR\"", "leads to no pad"},
      // Addresses.
      {"bd.tcl", "-offset 0x40010000", "-offset 0x40000000", "overlaps"},
      {"bd.tcl", "-offset 0x40010000", "-offset 0x40008000", "no multiple of"},
      {"bd.tcl", "-offset 0x40010000", "-offset 0x80000000", "outside of ps/Data"},
      {"bd.tcl", "-range 0x00010000", "-range 0x00020000", "not 0x20000"},
      {"bd.tcl", "-range 0x00010000", "-range 0x00001800", "no power of two"},
      {"bd.tcl", "idma0/m_axi_gmem] [get_bd_addr_segs ps/S_AXI_HP0/HP0_DDR_LOWOCM]",
       "idma0/m_axi_gmem] [get_bd_addr_segs ps/S_AXI_HP1/HP1_DDR_LOWOCM]", "no bus leads from"},
      {"bd.tcl", "[get_bd_addr_segs odma0/s_axi_control/reg0]",
       "[get_bd_addr_segs idma0/s_axi_control/reg0]", "twice"},
      // The order of things.
      {"bd.tcl", "validate_bd_design\n", "", "not validated"},
      {"bd.tcl", "save_bd_design\n", "", "not saved"},
      {"project.tcl", "generate_target all $design\n", "", "not generated"},
      {"report.tcl", "open_run impl_1\n", "", "no run is open"},
      // The netlist.
      {"report.tcl", "-mode funcsim", "-mode funcsin", "no mode 'funcsin'"},
      {"report.tcl", "*/accelerator0/inst", "*/accelerator1/inst", "no cell 'accelerator1'"},
      {"report.tcl", "-rename_top assay_accelerator", "-rename_to assay_accelerator",
       "no option '-rename_to'"},
  };
  return faults;
}

TEST_F(ZynqScripts, EveryFaultIsSeen) {
  for (const ScriptFault& fault : script_faults_to_see()) {
    Design design(top::dense_graph());
    design.patch(fault.file, fault.from, fault.to);
    EXPECT_THAT(mock_says(design.project), HasSubstr(fault.says))
        << fault.file << ": " << fault.from << " -> " << fault.to;
  }
}

/// The bus to run-time weights and its place.
TEST_F(ZynqScripts, EveryFaultOfRunTimeWeightsIsSeen) {
  const ScriptFault faults[] = {
      {"bd.tcl",
       "connect_bd_intf_net [get_bd_intf_pins control_bus/M02_AXI] [get_bd_intf_pins "
       "accelerator0/s_axi_weights]\n",
       "", "no bus leads from ps/Data to accelerator0/s_axi_weights/reg0"},
      {"bd.tcl", "CONFIG.NUM_MI {3}", "CONFIG.NUM_MI {2}", "nothing called 'M02_AXI'"},
      {"bd.tcl", "control_bus/M02_AXI] [get_bd_intf_pins accelerator0/s_axi_weights]",
       "control_bus/M01_AXI] [get_bd_intf_pins accelerator0/s_axi_weights]", "connected already"},
      {"bd.tcl", "assign_bd_address -offset 0x40020000", "# ",
       "ps/Data has no address for accelerator0/s_axi_weights"},
      {"bd.tcl", "-offset 0x40020000", "-offset 0x40010000", "overlaps odma0/s_axi_control/reg0"},
      {"bd.tcl", "-offset 0x40020000", "-offset 0x40021000", "no multiple of"},
      {"bd.tcl", "-offset 0x40020000", "-offset 0x80000000", "outside of ps/Data"},
      {"bd.tcl", "-range 0x00002000", "-range 0x00001000", "0x1000 of the 0x2000 bytes"},
      {"bd.tcl", "-range 0x00002000", "-range 0x00004000", "has 0x2000 bytes, not 0x4000"},
      {"ip/accelerator/component.xml", "s_axis:m_axis:s_axi_weights", "s_axis:m_axis",
       "accelerator0/s_axi_weights has no clock"},
      {"ip/accelerator/component.xml", ">8192<", ">4096<", "has 0x1000 bytes, not 0x2000"},
  };
  for (const ScriptFault& fault : faults) {
    Design design(writable_steps());
    design.patch(fault.file, fault.from, fault.to);
    EXPECT_THAT(mock_says(design.project), HasSubstr(fault.says))
        << fault.file << ": " << fault.from << " -> " << fault.to;
  }
}

/// What a missing address is.
TEST_F(ZynqScripts, AMoverWithoutAnAddressIsSeen) {
  Design design(top::dense_graph());
  design.patch("bd.tcl", "assign_bd_address -offset 0x40010000", "# ");
  EXPECT_THAT(mock_says(design.project),
              HasSubstr("ps/Data has no address for odma0/s_axi_control"));
}

TEST_F(ZynqScripts, AnIpThatIsNotWhatItsDescriptionSaysIsSeen) {
  Design narrow(top::dense_graph());
  narrow.patch("ip/odma0/component.xml", "<spirit:left spirit:format=\"long\">15<",
               "<spirit:left spirit:format=\"long\">23<");
  EXPECT_THAT(mock_says(narrow.project), HasSubstr("has 16 bits and odma0/s_axis 24"));
  Design unclocked(top::dense_graph());
  unclocked.patch("ip/idma0/component.xml", "s_axi_control:m_axi_gmem:m_axis",
                  "s_axi_control:m_axi_gmem");
  EXPECT_THAT(mock_says(unclocked.project),
              HasSubstr("accelerator0/s_axis and idma0/m_axis have different clocks"));
}

// ---- component.xml ----

/// An IP with the ports that Yosys finds in its RTL.
struct Described {
  Described(const Ip& ip, std::vector<RtlPort> its)
      : xml(component_xml(ip)), ports(std::move(its)), used(ip.used) {
    for (const IpFile& file : ip_files(ip)) files.push_back(file.name);
  }
  std::vector<std::string> faults() const { return component_faults(xml, ports, files, used); }
  void patch(const std::string& from, const std::string& to) {
    const std::size_t at = xml.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    xml.replace(at, from.size(), to);
  }
  std::string xml;
  std::vector<RtlPort> ports;
  std::vector<std::string> files;
  std::int64_t used;
};

std::vector<RtlPort> ports_by_yosys(const Ip& ip) {
  const TempDir dir;
  for (const IpFile& file : ip_files(ip)) dir.write(file.name, file.text);
  dir.write("ports.ys", ports_script(ip, "ports.json"));
  const ProcessResult result =
      run_process({find_program("yosys", "yosys").string(), "-q", "ports.ys"}, dir.path(),
                  std::chrono::seconds(300));
  EXPECT_TRUE(result.ok()) << result.output;
  return yosys_ports(read_file(dir.path() / "ports.json"), ip.module);
}

TEST(ZynqComponents, DescribeTheRtlAsYosysReadsIt) {
  if (!has_program("yosys")) GTEST_SKIP() << "needs yosys; install yosys";
  for (const std::string_view board : {"Pynq-Z1", "ZCU104", "U280"}) {
    const Design design(two_by_two(), board), weights(top::residual_graph(8), board);
    for (const Design* one : {&design, &weights})
      for (const Ip& ip : one->project.ips)
        EXPECT_THAT(Described(ip, ports_by_yosys(ip)).faults(), IsEmpty()) << ip.name;
  }
  const Design writable(writable_steps());
  const Ip& ip = writable.project.ips[0];
  EXPECT_THAT(Described(ip, ports_by_yosys(ip)).faults(), IsEmpty());
}

/// The ports as the IP has them: what a fault is planted into.
Described described(const Ip& ip) {
  std::vector<RtlPort> ports;
  for (const IpPort& port : ip.ports)
    ports.push_back({port.name, port.output, std::max(port.bits, 1)});
  return {ip, ports};
}

TEST(ZynqComponents, EveryFaultInTheTextIsSeen) {
  const Design design(top::dense_graph());
  const std::vector<std::array<std::string, 3>> faults = {
      {"</spirit:component>", "", "has no end"},
      {"<spirit:vendor>assay<", "<spirit:vendor><", "no spirit:vendor"},
      {"<spirit:name>m_axis_tdata</spirit:name>\n        <spirit:wire>",
       "<spirit:name>m_axis_data</spirit:name>\n        <spirit:wire>",
       "'m_axis_tdata' of the RTL is not described"},
      {"<spirit:left spirit:format=\"long\">6<", "<spirit:left spirit:format=\"long\">5<",
       "is described as an input of 6 bits and is an input of 7"},
      {"<spirit:direction>out<", "<spirit:direction>in<", "is described as an input"},
      {"<spirit:name>TVALID<", "<spirit:name>TFALID<", "no axis has a TFALID"},
      {"<spirit:name>TDATA<", "<spirit:name>TREADY<", "'m_axis' has no TDATA"},
      {"<spirit:physicalPort>\n            <spirit:name>m_axis_tlast<",
       "<spirit:physicalPort>\n            <spirit:name>m_axis_tvalid<",
       "'m_axis_tvalid' is in two places"},
      {"<spirit:physicalPort>\n            <spirit:name>m_axis_tlast<",
       "<spirit:physicalPort>\n            <spirit:name>m_axis_tready<",
       "TLAST goes the wrong way"},
      {"spirit:name=\"axis\"", "spirit:name=\"axes\"", "unknown kind 'axes'"},
      {"spirit:name=\"axis_rtl\"", "spirit:name=\"aximm_rtl\"", "is no axis_rtl"},
      {"s_axi_control:m_axi_gmem:m_axis", "s_axi_control:m_axi_gmem", "bus 'm_axis' has no clock"},
      {"s_axi_control:m_axi_gmem:m_axis", "s_axi_control:m_axi_gmem:s_axis",
       "'s_axis', which is no bus"},
      {"ASSOCIATED_RESET\">ap_rst_n<", "ASSOCIATED_RESET\">ap_rst<", "'ap_rst', which is no reset"},
      {">ACTIVE_LOW<", ">ACTIVE_HIGH<", "not ACTIVE_LOW"},
      {">LEVEL_HIGH<", ">EDGE_RISING<", "not LEVEL_HIGH"},
      {"DATA_WIDTH\">64<", "DATA_WIDTH\">128<", "RDATA has 64 bits, not 128"},
      {"TDATA_NUM_BYTES\">1<", "TDATA_NUM_BYTES\">2<", "TDATA has 8 bits, not 16"},
      {"spirit:memoryMapRef=\"s_axi_control\"", "spirit:memoryMapRef=\"control\"",
       "'control', which is not there"},
      {"spirit:addressSpaceRef=\"m_axi_gmem\"", "spirit:addressSpaceRef=\"gmem\"",
       "'gmem', which is not there"},
      {"<spirit:addressOffset>0x04<", "<spirit:addressOffset>0x08<", "is where another one is"},
      {"<spirit:addressOffset>0x04<", "<spirit:addressOffset>0x05<", "has no place"},
      {"<spirit:bitOffset spirit:format=\"long\">1<", "<spirit:bitOffset spirit:format=\"long\">0<",
       "share a bit"},
      {"<spirit:name>hdl/assay_iodma_in.sv<", "<spirit:name>hdl/assay_iodma_inn.sv<",
       "no file 'hdl/assay_iodma_inn.sv'"},
      {"<spirit:fileType>systemVerilogSource</spirit:fileType>", "", "has no type"},
      {"<spirit:localName>xilinx_anylanguagesynthesis_view_fileset<",
       "<spirit:localName>synthesis<", "'synthesis', which is not there"},
  };
  EXPECT_THAT(described(design.project.ips[1]).faults(), IsEmpty());
  for (const auto& [from, to, says] : faults) {
    Described ip = described(design.project.ips[1]);
    ip.patch(from, to);
    EXPECT_THAT(ip.faults(), Contains(HasSubstr(says))) << from << " -> " << to;
  }
}

/// A memory map that is too small, none of a master's pages, or whose base comes through.
TEST(ZynqComponents, EveryFaultOfRunTimeWeightsIsSeen) {
  const Design design(writable_steps());
  const std::vector<std::array<std::string, 3>> faults = {
      {"<spirit:range spirit:format=\"long\">8192<", "<spirit:range spirit:format=\"long\">4096<",
       "'s_axi_weights' takes 4096 bytes, and what is in it 4104"},
      {"<spirit:range spirit:format=\"long\">8192<", "<spirit:range spirit:format=\"long\">4096<",
       "AWADDR of 13 bits is wider than its 4096 bytes"},
      {"<spirit:range spirit:format=\"long\">8192<", "<spirit:range spirit:format=\"long\">9000<",
       "no power of two"},
      {"spirit:memoryMapRef=\"s_axi_weights\"", "spirit:memoryMapRef=\"weights\"",
       "'weights', which is not there"},
      {"s_axis:m_axis:s_axi_weights", "s_axis:m_axis", "bus 's_axi_weights' has no clock"},
      {"<spirit:addressOffset>0x04<", "<spirit:addressOffset>0x00<", "is where another one is"},
      {"DATA_WIDTH\">32<", "DATA_WIDTH\">64<", "WDATA has 32 bits, not 64"},
  };
  EXPECT_THAT(described(design.project.ips[0]).faults(), IsEmpty());
  for (const auto& [from, to, says] : faults) {
    Described ip = described(design.project.ips[0]);
    ip.patch(from, to);
    EXPECT_THAT(ip.faults(), Contains(HasSubstr(says))) << from << " -> " << to;
  }
  // A port that sees a base, and one that does not see the memories' end.
  for (const auto& [bits, says] : {std::pair{32, "ARADDR of 32 bits is wider than its 8192 bytes"},
                                   {12, "ARADDR of 12 bits does not reach 4104 bytes"}}) {
    Ip ip = design.project.ips[0];
    std::ranges::find(ip.ports, "s_axi_weights_araddr", &IpPort::name)->bits = bits;
    EXPECT_THAT(described(ip).faults(), Contains(HasSubstr(says)));
  }
}

TEST(ZynqComponents, OtherRtlThanDescribedIsSeen) {
  const Design design(top::dense_graph());
  const Described good = described(design.project.ips[0]);
  Described ip = good;
  ip.ports.back().bits = 2;
  EXPECT_THAT(ip.faults(), Contains(HasSubstr("of 1 bits and is an output of 2")));
  ip = good;
  ip.ports.pop_back();
  EXPECT_THAT(ip.faults(), Contains(HasSubstr("'m_axis_tlast' is not in the RTL")));
  ip = good;
  ip.ports.push_back({"more", false, 1});
  EXPECT_THAT(ip.faults(), Contains(HasSubstr("'more' belongs to no bus")));
  ip = good;
  ip.files.push_back("hdl/more.sv");
  EXPECT_THAT(ip.faults(), Contains(HasSubstr("'hdl/more.sv' is in no file set")));
}

// ---- Files ----

TEST(ZynqFiles, ThatScriptsNameAreThere) {
  for (const std::string_view board : boards_of(false)) {
    Design design(top::dense_graph(), board);
    EXPECT_THAT(missing_files(design.project), IsEmpty()) << board;
    std::erase_if(design.project.files,
                  [](const NodeRtl::File& file) { return file.name == "constraints.xdc"; });
    EXPECT_THAT(missing_files(design.project),
                ::testing::ElementsAre("project.tcl: there is no 'constraints.xdc'"));
  }
  Design design(top::dense_graph());
  std::erase_if(design.project.files, [](const NodeRtl::File& file) {
    return file.name.ends_with("first_weights.hex") || file.name == "impl.tcl";
  });
  EXPECT_THAT(missing_files(design.project),
              ::testing::UnorderedElementsAre(
                  "project.tcl: there is no 'ip/accelerator/hdl/first_weights.hex'",
                  "build.sh: there is no 'impl.tcl'"));
}

TEST(ZynqFiles, BuildStopsWithoutVivado) {
  const Design design(top::dense_graph());
  const TempDir dir;
  write_project(design.project, dir);
  const ProcessResult result = run_process({"/usr/bin/env", "PATH=/usr/bin:/bin", "sh", "build.sh"},
                                           dir.path(), std::chrono::seconds(60));
  if (has_program("vivado")) GTEST_SKIP() << "there is a vivado";
  EXPECT_EQ(result.exit_code, 4) << result.output;
  EXPECT_THAT(result.output, HasSubstr("no vivado in PATH"));
}

// ---- Kernels of a platform ----

TEST_F(ZynqScripts, PackageKernels) {
  for (const std::string_view board : boards_of(true)) {
    EXPECT_EQ(mock_says(Design(two_by_two(), board, 200).project), "") << board;
    EXPECT_EQ(mock_says(Design(writable_steps(), board, 200).project), "") << board;
  }
  for (const auto& [from, to, says] :
       {std::tuple{"kernels idma0.xml]", "kernels idma.xml]", "no file"},
        {"-kernel_name idma0", "-kernel_name odma0", "is not the IP's name"},
        {"ap_ctrl_none", "ap_ctrl_never", "no protocol"},
        {"-ctrl_protocol ap_ctrl_none", "", "no -ctrl_protocol"},
        {"ipx::save_core [ipx::current_core]\n", "", "was not saved"},
        {"sdx_kernel true", "sdx_colonel true", "no property 'sdx_colonel'"}}) {
    Design design(two_by_two(), "U250", 200);
    design.patch("package.tcl", from, to);
    EXPECT_THAT(mock_says(design.project), HasSubstr(says)) << from;
  }
}

TEST(ZynqLink, EveryStreamAndMemoryIsConnectedOnce) {
  for (const std::string_view name : boards_of(true)) {
    const Design design(two_by_two(), name, 200);
    const hw::Board& board = *hw::find_board(name);
    EXPECT_THAT(link_faults(design.project, board), IsEmpty()) << name;
    EXPECT_THAT(missing_files(design.project), IsEmpty()) << name;
    EXPECT_THAT(design.text("build.sh"), HasSubstr("--platform " + std::string(board.platform)));
    EXPECT_THAT(design.text("link.cfg"),
                HasSubstr("sp=odma1.m_axi_gmem:" + std::string(board.memory) +
                          (board.memory == "HBM" ? "[3]" : "[0]")));
  }
  const Design zynq(two_by_two());
  EXPECT_THAT(link_faults(zynq.project, *zynq.spec.board), IsEmpty());
}

TEST(ZynqLink, RunTimeWeightsHaveARangeAndAProtocol) {
  const Design good(writable_steps(), "U50", 200);
  EXPECT_THAT(link_faults(good.project, *good.spec.board), IsEmpty());
  for (const auto& [from, to, says] :
       {std::tuple{"range=\"0x2000\"", "range=\"0x1000\"", "has a range of 0x2000"},
        {"user_managed", "ap_ctrl_none", "its protocol is user_managed"},
        {"<port name=\"s_axi_weights\" mode=\"slave\"",
         "<port name=\"s_axi_weights\" mode=\"master\"", "'s_axi_weights' is slave"}}) {
    Design design(writable_steps(), "U50", 200);
    design.patch("kernels/accelerator.xml", from, to);
    EXPECT_THAT(link_faults(design.project, *design.spec.board), Contains(HasSubstr(says)));
  }
}

TEST(ZynqLink, EveryFaultIsSeen) {
  const std::vector<std::array<std::string, 4>> faults = {
      {"link.cfg", "nk=idma0:1:idma0\n", "", "no instance 'idma0'"},
      {"link.cfg", "nk=idma0:1:idma0\n", "nk=idma0:1:odma0\n", "several 'odma0'"},
      {"link.cfg", "nk=idma0:1:", "nk=idma7:1:", "no kernel 'idma7'"},
      {"link.cfg", "slr=idma0:SLR0", "slr=idma0:SLR4", "U250 has no 'SLR4'"},
      {"link.cfg", "gmem:DDR[0]", "gmem:DDR[4]", "U250 has no 'DDR[4]'"},
      {"link.cfg", "gmem:DDR[0]", "gmem:HBM[0]", "U250 has no 'HBM[0]'"},
      {"link.cfg", "sp=idma0.m_axi_gmem:DDR[0]\n", "", "'idma0.m_axi_gmem' is not connected"},
      {"link.cfg", "sp=idma0.m_axi_gmem", "sp=idma0.m_axi_mem",
       "'idma0.m_axi_mem' has no such bus"},
      {"link.cfg", "stream_connect=idma0.m_axis:accelerator0.s_axis_0\n", "",
       "'accelerator0.s_axis_0' is not connected"},
      {"link.cfg", "idma1.m_axis:accelerator0.s_axis_1", "idma1.m_axis:accelerator0.s_axis_0",
       "'accelerator0.s_axis_0' is connected twice"},
      {"link.cfg", "idma1.m_axis:accelerator0.s_axis_1", "idma1.m_axis:accelerator0.s_axis_0",
       "different widths"},
      {"link.cfg", "idma1.m_axis:accelerator0.s_axis_1", "accelerator0.s_axis_1:idma1.m_axis",
       "is backwards"},
      {"link.cfg", "[connectivity]", "[conectivity]", "nothing that Vitis is told"},
      {"kernels/idma0.xml", "offset=\"0x10\"", "offset=\"0x14\"", "argument 'base' is at 0x10"},
      {"kernels/idma0.xml", "offset=\"0x1c\"", "offset=\"0x18\"", "argument 'frames' is at 0x1c"},
      {"kernels/idma0.xml", "dataWidth=\"512\"", "dataWidth=\"256\"", "'m_axi_gmem' has 512 bits"},
      {"kernels/idma0.xml", "write_only", "read_only", "'m_axis' is write_only"},
      {"kernels/idma0.xml", "<port name=\"m_axis\"", "<port name=\"axis\"", "no bus 'axis'"},
      {"kernels/idma0.xml", "port=\"m_axis\"", "port=\"axis\"", "goes to no port"},
      {"kernels/idma0.xml", "<kernel name=\"idma0\"", "<kernel name=\"idma1\"", "of another IP"},
      {"kernels/odma1.xml", "</root>", "", "has no end"},
      {"kernels/idma0.xml", "ap_ctrl_hs", "ap_ctrl_none", "its protocol is ap_ctrl_hs"},
      {"kernels/idma0.xml", "range=\"0x1000\"", "range=\"0x40\"", "has a range of 0x1000"},
  };
  for (const auto& [file, from, to, says] : faults) {
    Design design(two_by_two(), "U250", 200);
    design.patch(file, from, to);
    EXPECT_THAT(link_faults(design.project, *design.spec.board), Contains(HasSubstr(says)))
        << file << ": " << from << " -> " << to;
  }
}

}  // namespace
}  // namespace assay::zynq::test
