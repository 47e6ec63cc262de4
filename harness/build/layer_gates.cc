// SPDX-License-Identifier: Apache-2.0
#include "harness/build/layer_gates.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "sim/model/cache_entry.h"
#include "sim/model/temporary_folder.h"
#include "sim/model/user_cache.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLimit{6 * 3600};

/// One layer's script, files and place in the cache.
class LayerFolder {
 public:
  LayerFolder(const fpga::LayerJob& layer, const fpga::SynthesisJob& job, const fs::path& work)
      : layer_(layer),
        work_(work),
        script_(fpga::layer_script(job, layer)),
        files_(fpga::layer_files(layer)) {}

  std::string key(const std::string& yosys_text) const {
    std::string text = yosys_text + script_;
    for (const std::vector<std::string>* names : {&layer_.sources, &layer_.memories})
      for (const std::string& name : *names)
        text += fmt::format("{} {}\n", name, sha256(read_file(work_ / name)));
    return sha256(text);
  }

  void make(const fpga::Tool& yosys) const {
    const std::string name = layer_.name + ".ys";
    write_file(work_ / name, script_);
    fpga::run_tool(yosys, fpga::yosys_arguments(name), work_, kLimit);
    for (const std::string& file : {files_.gates, files_.box})
      if (!fs::is_regular_file(work_ / file) || !is_module(read_file(work_ / file)))
        tool_error("{} left no whole '{}' of layer '{}'", yosys.name, file, layer_.name);
  }

  std::string gates_sha256() const { return sha256(read_file(work_ / files_.gates)); }

  void copy(const fs::path& from, const fs::path& to) const {
    for (const std::string& name : {files_.gates, files_.box})
      write_file(to / name, read_file(from / name));
  }

 private:
  /// One module to its end: a full disk is no failure to Yosys.
  bool is_module(std::string_view rtlil) const {
    const std::size_t at = rtlil.find("\nmodule ");
    if (at == std::string_view::npos || !rtlil.ends_with("\nend\n")) return false;
    return rtlil.substr(at, rtlil.find('\n', at + 1) - at).find("\\" + layer_.module) !=
           std::string_view::npos;
  }

  const fpga::LayerJob& layer_;
  const fs::path& work_;
  const std::string script_;
  const fpga::LayerFiles files_;
};

}  // namespace

LayerGates make_layer_gates(const fpga::Tool& yosys, const report::Build::Tool& identity,
                            const fpga::SynthesisJob& job, const fs::path& work,
                            const Console& console) {
  const fs::path cache = sim::user_layer_folder();
  sim::make_private_folder(cache);
  sim::TemporaryFolder::remove_abandoned(cache);
  const std::string yosys_text = fmt::format("{} {} {} {}\n", identity.name, identity.version,
                                             identity.sha256, fpga::technology_sha256(yosys));
  LayerGates gates;
  gates.sha256.resize(job.layer_jobs.size());
  std::atomic<std::size_t> kept = 0;
  Progress progress(console, "netlist: layers", std::ssize(job.layer_jobs));
  const auto gates_of = [&](std::size_t i) {
    const LayerFolder layer(job.layer_jobs[i], job, work);
    const std::string key = layer.key(yosys_text);
    const fs::path entry = cache / key;
    if (sim::entry_fault(entry, key).empty()) {
      layer.copy(entry, work);
      ++kept;
    } else {
      layer.make(yosys);
      const sim::TemporaryFolder made(entry);
      layer.copy(work, made.path());
      sim::keep_entry(made, entry, key);
    }
    gates.sha256[i] = {job.layer_jobs[i].name, layer.gates_sha256()};
    progress.tick();
  };
  tbb::parallel_for(std::size_t{0}, job.layer_jobs.size(), gates_of);
  gates.kept = kept;
  return gates;
}

}  // namespace assay
