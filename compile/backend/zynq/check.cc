// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/base/process.h"

namespace assay::zynq {
namespace {

constexpr std::chrono::seconds kTclLimit{120};
constexpr std::string_view kMockFile = "mock_vivado.tcl";

}  // namespace

std::vector<RtlPort> yosys_ports(std::string_view json, const std::string& module) {
  const auto design = nlohmann::json::parse(json, nullptr, false);
  if (design.is_discarded() || !design.contains("modules") || !design["modules"].contains(module))
    user_error("what Yosys wrote has no module '{}'", printable(module));
  std::vector<RtlPort> ports;
  for (const auto& [name, port] : design["modules"][module].at("ports").items())
    ports.push_back(
        {name, port.at("direction") == "output", static_cast<int>(port.at("bits").size())});
  return ports;
}

std::string ports_script(const Ip& ip, std::string_view json) {
  std::string script;
  for (const IpFile& file : ip.files)
    if (file.name.ends_with(".sv"))
      script += fmt::format("read_verilog -sv -defer {}\n", file.name);
  return script + fmt::format("read_verilog {0}\nhierarchy -check -top {1}\njson -o {2} {1}\n",
                              ip.top_file(), ip.module, json);
}

std::vector<std::string> missing_files(const Project& project) {
  const std::vector<NodeRtl::File>& files = project.files;
  // Folders that the scripts fill.
  constexpr std::string_view kMade[] = {"vivado/", "reports/", "xo/", "assay."};
  static const std::regex named(R"(\[file join \$here ([^\]$]*)\])");
  std::vector<std::string> missing;
  const auto there = [&](const std::string& name) {
    return std::ranges::any_of(files, [&](const NodeRtl::File& file) {
      return file.name == name || file.name.starts_with(name + "/");
    });
  };
  const auto look = [&](const std::string& script, std::string name) {
    std::ranges::replace(name, ' ', '/');
    const bool made = std::ranges::any_of(
        kMade, [&](std::string_view head) { return (name + "/").starts_with(head); });
    if (!made && !there(name))
      missing.push_back(fmt::format("{}: there is no '{}'", script, printable(name)));
  };
  for (const NodeRtl::File& file : files) {
    if (!file.name.ends_with(".tcl") || file.name.starts_with("ip/")) continue;
    for (std::sregex_iterator it(file.text.begin(), file.text.end(), named), end; it != end; ++it)
      look(file.name, (*it)[1]);
  }
  for (const std::string& script : project.scripts) look("build.sh", script);
  return missing;
}

std::vector<std::string> script_faults(const Project& project, const std::filesystem::path& folder,
                                       const std::filesystem::path& tclsh) {
  const auto model = std::ranges::find(tcl_files(), kMockFile, &TclFile::name);
  ASSAY_INVARIANT(model != tcl_files().end(), "the program carries no model of Vivado");
  write_file(folder / kMockFile, model->text);
  std::vector<std::string> command = {tclsh.string(), std::string(kMockFile)};
  command.insert(command.end(), project.scripts.begin(), project.scripts.end());
  const ProcessResult result = run_process(command, folder, kTclLimit);
  std::filesystem::remove(folder / kMockFile);
  if (result.ok()) return {};
  const std::string output = result.output.substr(0, result.output.find_last_not_of('\n') + 1);
  return {output.substr(output.rfind('\n') + 1)};  // behind what the scripts put out
}

}  // namespace assay::zynq
