// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/prove_layers.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/base/process.h"
#include "compile/netlist/yosys_json.h"
#include "harness/bits/prove_bits.h"
#include "harness/build/build.h"
#include "harness/build/layer_gates.h"
#include "sim/model/temporary_folder.h"
#include "sim/proof/proof.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// Of Yosys, and of the proof, for one layer.
constexpr std::chrono::seconds kLimit{120};

/// Why Yosys made nothing of the script; empty where it did. What an earlier script wrote is gone.
std::string script_fault(const fpga::Tool& yosys, const std::string& name,
                         const std::string& script, const fs::path& output,
                         const fs::path& folder) {
  fs::remove(output);
  write_file(folder / name, script);
  const ProcessResult result = fpga::try_tool(yosys, fpga::yosys_arguments(name), folder, kLimit);
  if (result.timed_out) return fmt::format("takes more than {} s", kLimit.count());
  if (!result.ok()) return fmt::format("fails (exit code {})", result.exit_code);
  return fs::is_regular_file(output) ? "" : "writes nothing";
}

netlist::Netlist read(const fs::path& file, netlist::Family family) {
  netlist::Netlist netlist = netlist::read_yosys_json(read_file(file), fpga::kLoneLayer, family,
                                                      printable(file.string(), 4096));
  simplify(netlist);
  return netlist;
}

void note(report::LayerProof& proof, const sim::ProofResult& result) {
  proof.verdict = proof_word(result.verdict);
  proof.reason = result.reason;
  if (!result.failures.empty() && result.failures.front().function != result.reason)
    proof.reason += ": " + result.failures.front().function;
  proof.functions = result.functions;
  proof.canary = result.canary;
}

[[noreturn]] void build_again(const report::Build& build, const std::string& why) {
  user_error("{}, and nothing is proved of others; build it again: assay build DIR --target {}",
             why, printable(build.target.name));
}

}  // namespace

fpga::Tool layer_yosys(const report::Build& build) {
  if (build.tools.empty()) build_again(build, "the build's report names no tool");
  const report::Build::Tool& wanted = build.tools.front();
  for (const fpga::Tool& tool : fpga::find_tools("yosys"))
    if (fpga::identify(tool).sha256 == wanted.sha256) return tool;
  build_again(build, fmt::format("the layers were made by {}, which is not here",
                                 printable(wanted.version, 200)));
}

report::LayerProof prove_layer(const fpga::Tool& yosys, const fpga::SynthesisJob& job,
                               const fpga::LayerJob& layer, std::uint64_t seed,
                               const fs::path& folder) {
  report::LayerProof proof{layer.name, proof_word(sim::ProofVerdict::kInconclusive), "", false, 0,
                           ""};
  const fpga::LayerNetlists files = fpga::layer_netlists(layer);
  const std::string script = layer.name + ".proof.ys";
  const std::string fault =
      script_fault(yosys, script, fpga::layer_gates_script(layer), folder / files.gates, folder);
  if (!fault.empty()) {
    proof.reason = fmt::format("Yosys {} when it is to write the layer's gates", fault);
    return proof;
  }
  sim::ProofOptions options;
  options.reset_n = "rst_ni";
  options.seed = seed;
  options.limit = kLimit;
  for (const bool optimised : {false, true}) {
    // Nothing of the first try is said of the second one.
    proof = {layer.name, proof_word(sim::ProofVerdict::kInconclusive), "", optimised, 0, ""};
    const std::string rtl_fault = script_fault(
        yosys, script, fpga::layer_rtl_script(job, layer, optimised), folder / files.rtl, folder);
    if (!rtl_fault.empty()) {
      proof.reason = fmt::format("Yosys {} when it is to read the layer's RTL", rtl_fault);
      continue;
    }
    try {
      const fs::path work = folder / (layer.name + ".proof");
      fs::create_directory(work);
      note(proof, sim::prove_equal(read(folder / files.gates, job.family),
                                   read(folder / files.rtl, job.family), options, work));
    } catch (const UserError& error) {  // one of them has what no netlist can have
      proof.reason = error.what();
    }
    if (proof.verdict == kProved) break;
  }
  return proof;
}

std::vector<report::LayerProof> prove_layers(const fpga::Tool& yosys, const BuildSource& source,
                                             const report::Build& build, std::uint64_t seed,
                                             const Console& console) {
  const fpga::SynthesisJob job = source.synthesis_job(build.dsp);
  const sim::TemporaryFolder folder(fs::temp_directory_path() / "assay-layers");
  for (const BuildSource::File& file : source.files())
    write_file(folder.path() / file.name, file.text);
  const LayerGates gates =
      make_layer_gates(yosys, build.tools.front(), job, folder.path(), console);
  if (build.layer_gates != gates.sha256)
    build_again(build, "the netlist was not made of these layers' gates");
  std::vector<report::LayerProof> proofs(job.layer_jobs.size());
  Progress progress(console, "prove layers", std::ssize(proofs));
  tbb::parallel_for(std::size_t{0}, proofs.size(), [&](std::size_t i) {
    proofs[i] = prove_layer(yosys, job, job.layer_jobs[i], seed, folder.path());
    progress.tick();
  });
  return proofs;
}

}  // namespace assay
