// SPDX-License-Identifier: Apache-2.0
#include "harness/build/layer_gates.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <atomic>
#include <chrono>
#include <string>
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
class LayerGates {
 public:
  LayerGates(const fpga::LayerJob& layer, const fpga::SynthesisJob& job, const fs::path& work)
      : layer_(layer),
        work_(work),
        script_(fpga::layer_script(job, layer)),
        files_(fpga::layer_files(layer)) {}

  std::string key(const report::Build::Tool& yosys) const {
    std::string text =
        fmt::format("{} {} {}\n{}", yosys.name, yosys.version, yosys.sha256, script_);
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
      if (!fs::is_regular_file(work_ / file))
        tool_error("{} left no '{}' of layer '{}'", yosys.name, file, layer_.name);
  }

  void copy(const fs::path& from, const fs::path& to) const {
    for (const std::string& name : {files_.gates, files_.box})
      write_file(to / name, read_file(from / name));
  }

 private:
  const fpga::LayerJob& layer_;
  const fs::path& work_;
  const std::string script_;
  const fpga::LayerFiles files_;
};

}  // namespace

std::size_t make_layer_gates(const fpga::Tool& yosys, const report::Build::Tool& identity,
                             const fpga::SynthesisJob& job, const fs::path& work,
                             const Console& console) {
  const fs::path cache = sim::user_layer_folder();
  sim::make_private_folder(cache);
  sim::TemporaryFolder::remove_abandoned(cache);
  std::atomic<std::size_t> kept = 0;
  Progress progress(console, "netlist: layers", static_cast<std::int64_t>(job.layer_jobs.size()));
  const auto gates_of = [&](std::size_t i) {
    const LayerGates layer(job.layer_jobs[i], job, work);
    const std::string key = layer.key(identity);
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
    progress.tick();
  };
  tbb::parallel_for(std::size_t{0}, job.layer_jobs.size(), gates_of);
  return kept;
}

}  // namespace assay
