// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/collected_netlist.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/backend/fpga/tools.h"
#include "compile/backend/verilog/stitch.h"
#include "compile/backend/zynq/project.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/netlist/yosys_json.h"
#include "harness/build/vivado_report.h"
#include "harness/rtl/top_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kReadLimit{3600};

/// Yosys knows the cells by their ports alone. GLBL is what Vivado's own simulation model asks for, which is no part of
/// the design.
std::string read_script(const std::string& top) {
  return fmt::format(
      "read_verilog -lib +/xilinx/cells_sim.v\nread_verilog -lib +/xilinx/cells_xtra.v\n"
      "read_verilog -DGLBL netlist.v\nhierarchy -check -top {}\nproc\n"
      "setattr -mod -unset keep_hierarchy *\nsetattr -unset keep_hierarchy *\nflatten\n"
      "opt_clean\njson -o netlist.json {}\n",
      top, top);
}

/// A netlist names no files; a preprocessor would read them.
void require_plain(const std::string& text, const std::string& name) {
  for (const std::string_view word : {"`include", "$readmem", "$fopen"})
    if (text.find(word) != std::string::npos)
      user_error("'{}' asks for other files ({}), which a netlist does not", name, word);
}

/// The last line in which Yosys says what is wrong.
std::string complaint(const std::string& output) {
  const std::size_t at = output.rfind("ERROR:");
  const std::string text = output.substr(at == std::string::npos ? 0 : at);
  return printable(text.substr(0, text.find('\n')), 400);
}

std::string as_json(const RtlSession& session, const hw::Board& board, const BuiltFile& file,
                    const std::string& top) {
  const fs::path work = session.dir.fresh_folder(fmt::format("build/{}/work", board.name));
  write_file(work / "netlist.v", file.bytes);
  write_file(work / "read.ys", read_script(top));
  const ProcessResult result =
      fpga::try_tool(fpga::find_tool("yosys"), {"-q", "read.ys"}, work, kReadLimit);
  std::string json = result.ok() ? read_file(work / "netlist.json") : "";
  fs::remove_all(work);
  if (!result.ok())
    user_error("'{}' is no netlist that Yosys reads: {}", printable(file.file.file),
               complaint(result.output));
  return json;
}

/// Ports of the IP's top lead to those of the design inside.
void name_ports(netlist::Netlist& netlist, const zynq::Ip& ip) {
  netlist.name = kAccelerator;
  netlist.names.clear();  // of wires inside other tools keep what they like, and parts of them
  for (netlist::Port& port : netlist.ports)
    if (const auto at = std::ranges::find(ip.ports, port.name, &zynq::IpPort::name);
        at != ip.ports.end())
      port.name = at->inner;
}

report::Build head_of(const hw::Board& board) {
  report::Build build;
  build.target.name = board.name;
  build.target.part = board.part;
  build.design = kAccelerator;
  return build;
}

}  // namespace

BuiltFile collected_netlist_file(const fs::path& dir, const hw::Board& board) {
  const report::Vivado report = read_vivado_report(dir, board);
  const std::string name = fmt::format("build/{}/{}", board.name, kCollectedNetlist);
  for (const report::File& file : report.results.value_or(std::vector<report::File>())) {
    if (file.file != name) continue;
    std::string bytes = read_file(dir / name);
    if (sha256(bytes) != file.sha256)
      user_error("'{}' is not the file that was collected; collect it again", name);
    return {file, std::move(bytes)};
  }
  user_error(
      "no netlist of {} was collected: 'assay build {} --target {} --collect FOLDER' takes back "
      "what "
      "Vivado left",
      board.name, printable(dir.string(), 4096), board.name);
}

BuiltDesign read_collected(const RtlSession& session, const hw::Board& board) {
  const BuiltFile file = collected_netlist_file(session.dir.path(), board);
  const std::string name = printable(file.file.file);
  require_plain(file.bytes, name);
  const DataflowPartition p = only_accelerator(session.graph, "a collected netlist");
  const zynq::Ip ip = zynq::accelerator_ip(stitch({kAccelerator, p.nodes, p.inputs, p.outputs}));
  BuiltDesign built = unread_design(board, file.file);
  built.design = netlist::read_yosys_json(as_json(session, board, file, ip.module), ip.module,
                                          netlist::Family::kXilinx, name);
  simplify(built.design);
  name_ports(built.design, ip);
  return built;
}

BuiltDesign unread_design(const hw::Board& board, report::File file) {
  return {head_of(board), std::move(file), {}, {}, {}};
}

}  // namespace assay
