// SPDX-License-Identifier: Apache-2.0
#include "harness/build/synthesise.h"

#include <fmt/format.h>

#include <chrono>

#include "compile/base/file.h"
#include "harness/build/build_steps.h"

namespace assay {
namespace {

constexpr const char* kLinkFile = "link.ys";
constexpr std::chrono::seconds kSynthesisLimit{6 * 3600};

}  // namespace

std::vector<fpga::Tool> synthesisers(netlist::Family family) {
  if (family == netlist::Family::kXilinx) return fpga::find_tools("yosys");
  return {fpga::find_tool("yosys")};
}

report::Build::Tool tool_identity(const fpga::Tool& tool) {
  const fpga::ToolIdentity identity = fpga::identify(tool);
  return {identity.name, identity.version, identity.sha256};
}

LayerGates synthesise(const fpga::SynthesisJob& job, const std::vector<BuildSource::File>& sources,
                      const Synthesiser& by, const fpga::SynthesisFiles& files,
                      const std::filesystem::path& work, const Console& console) {
  for (const BuildSource::File& file : sources) write_file(work / file.name, file.text);
  LayerGates layers = make_layer_gates(by.yosys, by.identity, job, work, console);
  console.remark(fmt::format("netlist: {} different layers, {} of them kept", job.layer_jobs.size(),
                             layers.kept));
  write_file(work / kLinkFile, fpga::link_script(job, files));
  wait_aloud(console, "netlist: yosys, the whole", [&] {
    fpga::run_tool(by.linker, fpga::yosys_arguments(kLinkFile), work, kSynthesisLimit);
  });
  return layers;
}

}  // namespace assay
