// SPDX-License-Identifier: Apache-2.0
// What a project for Vivado consists of.
#include "compile/backend/zynq/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "compile/backend/zynq/quote.h"
#include "compile/backend/zynq/system.h"
#include "compile/backend/zynq/xml.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "zynq/designs.h"

namespace assay::zynq::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ZynqProject, HasAnIpPerStreamAndOneForTheAccelerator) {
  const Design design(top::dense_graph());
  std::vector<std::string> outside, ips;
  for (const NodeRtl::File& file : design.project.files)
    if (!file.name.starts_with("ip/"))
      outside.push_back(file.name);
    else if (file.name.ends_with("component.xml"))
      ips.push_back(file.name);
  EXPECT_THAT(outside, ElementsAre("assay_accelerator.h", "bd.tcl", "build.sh", "constraints.xdc",
                                   "floorplan.json", "identity.json", "impl.tcl", "interfaces.json",
                                   "metadata.json", "project.tcl", "report.tcl", "synth.tcl"));
  EXPECT_THAT(ips, ElementsAre("ip/accelerator/component.xml", "ip/idma0/component.xml",
                               "ip/odma0/component.xml"));
  // The RTL is what was stitched, to the byte, with its memories beside it.
  for (const NodeRtl::File& file : design.rtl.files)
    EXPECT_EQ(design.text("ip/accelerator/hdl/" + file.name), file.text);
  EXPECT_EQ(design.text("ip/accelerator/hdl/first_weights.hex"),
            design.rtl.nodes[0].layer.images[0].hex());
}

TEST(ZynqProject, IsTheSameEveryTime) {
  const Design one(top::residual_graph(8)), other(top::residual_graph(8));
  ASSERT_EQ(one.project.files.size(), other.project.files.size());
  for (std::size_t i = 0; i < one.project.files.size(); ++i) {
    EXPECT_EQ(one.project.files[i].name, other.project.files[i].name);
    EXPECT_EQ(one.project.files[i].text, other.project.files[i].text) << one.project.files[i].name;
  }
  EXPECT_EQ(Design(writable_steps()).project.identity.project_hash,
            Design(writable_steps()).project.identity.project_hash);
}

/// x: 3 bits in a byte, 8 beats; y: 9 bits in two bytes, 6 beats.
TEST(ZynqProject, SaysWhereEveryMoverIs) {
  const Design design(two_by_two());
  const auto json = nlohmann::json::parse(design.text("interfaces.json"));
  ASSERT_EQ(json["movers"].size(), 4U);
  struct Row {
    const char *name, *stream, *tensor, *base, *port;
    int bytes, frame;
  };
  const Row rows[] = {{"idma0", "s_axis_0", "x", "0x40000000", "S_AXI_HP0", 1, 8},
                      {"idma1", "s_axis_1", "y", "0x40010000", "S_AXI_HP1", 2, 12},
                      {"odma0", "m_axis_0", "first", "0x40020000", "S_AXI_HP2", 1, 8},
                      {"odma1", "m_axis_1", "second", "0x40030000", "S_AXI_HP3", 2, 12}};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& mover = json["movers"][i];
    EXPECT_EQ(mover["name"], rows[i].name);
    EXPECT_EQ(mover["stream"], rows[i].stream);
    EXPECT_EQ(mover["tensor"], rows[i].tensor);
    EXPECT_EQ(mover["base"], rows[i].base);
    EXPECT_EQ(mover["memory_port"], rows[i].port);
    EXPECT_EQ(mover["beat_bytes"], rows[i].bytes);
    EXPECT_EQ(mover["frame_bytes"], rows[i].frame);
    EXPECT_EQ(mover["interrupt"], i);
  }
  EXPECT_THAT(design.text("bd.tcl"),
              HasSubstr("assign_bd_address -offset 0x40030000 -range 0x00010000 "
                        "-target_address_space [get_bd_addr_spaces ps/Data] [get_bd_addr_segs "
                        "odma1/s_axi_control/reg0] -force"));
  EXPECT_THAT(design.text("ip/idma1/hdl/assay_idma1.v"), HasSubstr(".FrameBeats(32'd6)"));
  EXPECT_THAT(design.text("ip/idma1/hdl/assay_idma1.v"), HasSubstr(".ContentHash(256'h" + kHash));
}

/// Offsets as the movers have them, and the header says the same as the table.
TEST(ZynqProject, GivesTheRegistersToPrograms) {
  const Design design(top::dense_graph());
  const std::string& header = design.text("assay_accelerator.h");
  for (const char* line :
       {"#define ASSAY_MOVER_CONTROL 0x00", "#define ASSAY_MOVER_CONTROL_DONE 0x2",
        "#define ASSAY_MOVER_INTERRUPT_STATUS 0x0c", "#define ASSAY_MOVER_BASE_LOW 0x10",
        "#define ASSAY_MOVER_FRAMES 0x1c", "#define ASSAY_MOVER_ERROR 0x24",
        "#define ASSAY_MOVER_ERROR_MISPLACED_LAST 0x8", "#define ASSAY_MOVER_MEMORY_BITS 0x3c",
        "#define ASSAY_MOVER_HASH_7 0x5c", "#define ASSAY_IDMA0_BASE 0x40000000u",
        "#define ASSAY_ODMA0_BASE 0x40010000u"})
    EXPECT_THAT(header, HasSubstr(line));
  const auto json = nlohmann::json::parse(design.text("metadata.json"));
  EXPECT_EQ(json["vivado_stitch_vlnv"], "assay:dataflow:accelerator:1.0");
  EXPECT_EQ(json["vivado_stitch_ifnames"]["s_axis"], nlohmann::json::parse(R"([["s_axis", 8]])"));
  EXPECT_EQ(json["clk_ns"], 10.0);
}

/// Two memories of one row, a word each, behind the registers: two pages behind the movers.
TEST(ZynqProject, SaysWhereRunTimeWeightsAre) {
  const Design design(writable_steps());
  const auto json = nlohmann::json::parse(design.text("interfaces.json"))["weights"];
  EXPECT_EQ(json["port"], "s_axi_weights");
  EXPECT_EQ(json["base"], "0x40020000");
  EXPECT_EQ(json["range"], "0x00002000");
  EXPECT_EQ(json["registers"].size(), 6U);
  ASSERT_EQ(json["stores"].size(), 2U);
  EXPECT_EQ(json["stores"][0]["node"], "first");
  EXPECT_EQ(json["stores"][0]["address"], "0x00001000");
  EXPECT_EQ(json["stores"][1]["node"], "second");
  for (const char* line :
       {"#define ASSAY_WEIGHTS_BASE 0x40020000u", "#define ASSAY_WEIGHTS_RANGE 0x00002000u",
        "#define ASSAY_WEIGHTS_HELD 0x04", "#define ASSAY_WEIGHTS_STORES 2",
        "#define ASSAY_WEIGHTS_0_ADDRESS 0x00001000u", "/* second_thresholds.hex of second */"})
    EXPECT_THAT(design.text("assay_accelerator.h"), HasSubstr(line));
  // The base is no part of what the accelerator sees.
  const std::string& top = design.text("ip/accelerator/hdl/assay_accelerator.v");
  EXPECT_THAT(top, HasSubstr("input  wire [12:0] s_axi_weights_awaddr"));
  EXPECT_THAT(top, HasSubstr(".s_axi_weights_awaddr({19'b0, s_axi_weights_awaddr})"));
  EXPECT_EQ(nlohmann::json::parse(design.text("metadata.json"))["vivado_stitch_ifnames"]["axilite"],
            nlohmann::json::parse(R"(["s_axi_weights"])"));
  // Without any there is nothing of them.
  const Design plain(top::dense_graph());
  EXPECT_TRUE(nlohmann::json::parse(plain.text("interfaces.json"))["weights"].is_null());
  EXPECT_THAT(plain.text("assay_accelerator.h"), ::testing::Not(HasSubstr("WEIGHTS")));
}

/// What takes more than a mover lies at a multiple of its size.
TEST(ZynqProject, LargeWeightsLieAtAMultipleOfTheirSize) {
  top::Builder b;
  hw::Thresholding op;
  op.levels.out_dtype = DataType::uint(2);
  op.runtime_writeable_weights = true;
  std::vector<std::int64_t> rows;
  for (int i = 0; i < 0x8000; ++i) rows.insert(rows.end(), {1, 3, 5});
  Tensor* x = b.input("image", {1, 0x8000}, DataType::uint(3));
  const Design design(b.finish({b.add(
      "wide", op, {x, b.constant({0x8000, 3}, rows, DataType::uint(4))}, DataType::uint(2))}));
  const auto json = nlohmann::json::parse(design.text("interfaces.json"))["weights"];
  const std::int64_t base = std::stoll(json["base"].get<std::string>(), nullptr, 16),
                     range = std::stoll(json["range"].get<std::string>(), nullptr, 16);
  EXPECT_GT(range, 0x20000);
  EXPECT_EQ(base % range, 0);
  EXPECT_GE(base, 0x40020000);
}

/// UltraScale+ reaches 256 MiB of registers, PS7 1 GiB; a range that begins behind the movers needs twice its size.
TEST(ZynqProject, WeightsBeyondTheWindowAreRefused) {
  for (const auto& [board, most] : {std::pair{"ZCU104", 0x8000000}, {"Pynq-Z1", 0x20000000}}) {
    Design design(writable_steps(), board);
    WeightStore& last = design.rtl.stores.back();
    last.address = most - 4 * last.need.size();
    EXPECT_EQ(vivado_project(design.spec).weights->range, most);
    last.address += 4;
    EXPECT_THAT(message_of<UserError>([&] { vivado_project(design.spec); }),
                HasSubstr(fmt::format("run-time weights of {} bytes, and {} reaches {} bytes",
                                      most + 4, board, 2 * most)));
  }
}

/// XRT reaches 64 KiB of a kernel: a host turns pages of what lies behind.
TEST(ZynqProject, ACardSeesWeightsThroughAWindow) {
  Design design(writable_steps(), "U250", 200);
  EXPECT_EQ(design.project.weights->base, 0);
  EXPECT_EQ(design.project.weights->range, 0x2000);
  EXPECT_THAT(design.text("kernels/accelerator.xml"),
              HasSubstr(R"(name="s_axi_weights" mode="slave" range="0x2000" dataWidth="32")"));
  EXPECT_THAT(design.text("kernels/accelerator.xml"),
              HasSubstr(R"(interrupt="false" hwControlProtocol="user_managed")"));
  EXPECT_THAT(design.text("package.tcl"), HasSubstr("-ctrl_protocol user_managed"));
  EXPECT_THAT(design.text("link.cfg"), HasSubstr("nk=accelerator:1:accelerator0\n"));
  WeightStore& last = design.rtl.stores.back();
  last.address = 0x10000 - 4 * last.need.size();
  EXPECT_EQ(vivado_project(design.spec).weights->range, 0x10000);
  last.address = 0x5000000;
  const Project project = vivado_project(design.spec);
  EXPECT_EQ(project.weights->range, 0x10000);
  EXPECT_EQ(project.ips.front().range, 0x10000);
  const auto top = std::ranges::find(project.files, "ip/accelerator/hdl/assay_accelerator.v",
                                     &NodeRtl::File::name);
  EXPECT_THAT(top->text, HasSubstr(".s_axi_weights_awaddr({16'b0, s_axi_weights_awaddr})"));
}

TEST(ZynqProject, UltraScaleHasItsOwnNamesAndWidths) {
  const Design design(top::dense_graph(), "ZCU104", 150);
  const std::string& bd = design.text("bd.tcl");
  for (const char* part :
       {"[newest zynq_ultra_ps_e] ps", "CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ {150}",
        "CONFIG.PSU__USE__S_AXI_GP2 {1}", "ps/S_AXI_HP1_FPD", "-offset 0xa0010000",
        "ps/SAXIGP3/HP1_DDR_LOW"})
    EXPECT_THAT(bd, HasSubstr(part));
  EXPECT_THAT(design.text("ip/idma0/hdl/assay_idma0.v"), HasSubstr("[127:0] m_axi_gmem_rdata"));
}

TEST(ZynqProject, WithoutBoardFilesHasNoPreset) {
  const Design design(top::dense_graph(), "ZedBoard");
  EXPECT_THAT(design.text("bd.tcl"), HasSubstr("apply_board_preset 0"));
  EXPECT_THAT(design.text("project.tcl"), ::testing::Not(HasSubstr("board_part")));
}

TEST(ZynqProject, RefusesWhatABoardCannotDo) {
  const auto refused = [](Graph graph, std::string_view board, double clock_mhz) {
    return message_of<UserError>([&] { Design(std::move(graph), board, clock_mhz); });
  };
  EXPECT_THAT(refused(top::dense_graph(), "U250", 501), HasSubstr("at most 500 MHz"));
  EXPECT_THAT(refused(top::dense_graph(), "Pynq-Z1", 251),
              HasSubstr("--clock: Pynq-Z1 has at most 250 MHz"));
  EXPECT_THAT(refused(top::dense_graph(), "ZCU104", 401), HasSubstr("at most 400 MHz"));
  EXPECT_THAT(refused(top::dense_graph(), "Pynq-Z1", 0), HasSubstr("--clock"));
  const auto many = [](int streams) {
    top::Builder b;
    std::vector<Tensor*> outputs;
    for (int i = 0; i < streams; ++i) {
      Tensor* x = b.input(fmt::format("in{}", i), {1, 4}, DataType::uint(3));
      outputs.push_back(b.fifo(fmt::format("out{}", i), x, 8));
    }
    return b.finish(outputs);
  };
  EXPECT_EQ(Design(many(4), "ZCU104").project.movers.size(), 8U);
  EXPECT_THAT(
      refused(many(5), "ZCU104", 100),
      HasSubstr("has 10 streams, and the processing system of ZCU104 has interrupts for 8"));
  EXPECT_EQ(Design(many(8), "Pynq-Z1").project.movers.size(), 16U);
  EXPECT_THAT(refused(many(9), "Pynq-Z1", 100), HasSubstr("interrupts for 16"));
  top::Builder b;
  hw::Thresholding op;
  op.levels.out_dtype = DataType::uint(2);
  op.runtime_writeable_weights = true;
  std::vector<Tensor*> outputs;
  for (int i = 0; i < 8; ++i)
    outputs.push_back(b.add(fmt::format("out{}", i), op,
                            {b.input(fmt::format("in{}", i), {1, 4}, DataType::uint(3)),
                             b.constant({1, 3}, {1, 3, 5}, DataType::uint(4))},
                            DataType::uint(2)));
  EXPECT_THAT(refused(b.finish(outputs), "Pynq-Z1", 100),
              HasSubstr("has 16 streams and run-time weights, and one interconnect reaches 16"));
}

// ---- Names that a model may have ----

const std::vector<std::string>& hostile_names() {
  static const std::vector<std::string> names = {"a{b",
                                                 "}c{",
                                                 "[exec touch /tmp/x]",
                                                 "$env(HOME)",
                                                 "say \"no\"",
                                                 "it's",
                                                 "back\\slash",
                                                 "two\nlines",
                                                 "*/ int x; /*",
                                                 "; puts x",
                                                 "# no",
                                                 "<tag a=\"b\">&amp;",
                                                 "",
                                                 "blank  blank",
                                                 "\xc3\xa4",
                                                 "}]\"\\",
                                                 "?\?/",
                                                 "\t"};
  return names;
}

TEST(ZynqQuote, TclReadsTheNameBack) {
  if (!has_program("tclsh")) GTEST_SKIP() << "needs tclsh; install tcl";
  const TempDir dir;
  std::string script = "set names [list";
  for (const std::string& name : hostile_names()) script += " \\\n  " + tcl_word(name);
  script += "]\nforeach name $names { puts -nonewline $name\\0 }\n";
  dir.write("names.tcl", script);
  const ProcessResult result = run_process({find_program("tclsh", "tcl").string(), "names.tcl"},
                                           dir.path(), std::chrono::seconds(60));
  ASSERT_TRUE(result.ok()) << result.output;
  std::string expected;
  for (const std::string& name : hostile_names()) expected += printable(name) + '\0';
  EXPECT_EQ(result.output, expected);
}

TEST(ZynqQuote, XmlReadsTheNameBack) {
  for (const std::string& name : hostile_names()) {
    const XmlElement element =
        parse_xml("<a b=\"" + xml_text(name) + "\">" + xml_text("x" + name + "x") + "</a>");
    EXPECT_EQ(element.attribute("b"), printable(name));
    EXPECT_EQ(element.text, "x" + printable(name) + "x");
  }
}

TEST(ZynqQuote, NothingEndsAComment) {
  for (const std::string& name : hostile_names()) {
    EXPECT_EQ(c_comment(name).find("*/"), std::string::npos) << name;
    EXPECT_EQ(c_comment(name).find("/*"), std::string::npos) << name;
    EXPECT_EQ(c_comment(name).find('\n'), std::string::npos) << name;
  }
}

TEST(ZynqXml, RefusesWhatIsNotWellFormed) {
  EXPECT_EQ(parse_xml("<?xml version=\"1.0\"?>\n<a>\n <b c=\"1\"/> <b/>\n</a>\n").all("b").size(),
            2U);
  for (const char* text :
       {"", "<a>", "<a></b>", "<a><b></a></b>", "<a>&x;</a>", "<a b=1/>", "<a b=\"1\" b=\"2\"/>",
        "<a/><b/>", "<a", "<a b=\"<\"/>", "text", "<a>x"})
    EXPECT_THROW(parse_xml(text), UserError) << text;
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_THROW(parse_xml(deep), UserError);
  EXPECT_THAT(message_of<UserError>([] { parse_xml("<a>\n<b></c>\n</a>"); }), HasSubstr("line 2"));
}

}  // namespace
}  // namespace assay::zynq::test
