// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/bench/bench.h"
#include "sim/bench/job.h"

/// Verilated simulation programs: built once per content, kept in a folder, run as processes.
namespace assay::sim {

class TemporaryFolder;

struct SourceFile {
  std::string name;  ///< "assay_skid.sv": the module's name and .sv or .v
  std::string text;
};

/// A module to simulate. Its ports: clk_i, rst_ni, per input in<i>_valid_i, in<i>_ready_o,
/// in<i>_data_i, per output out<i>_valid_o, out<i>_ready_i, out<i>_data_o, per monitor
/// mon<i>_valid_o, mon<i>_ready_o, mon<i>_data_o, per control control<i>_i, which keeps one value
/// during a run.
struct Design {
  std::string module;
  std::vector<int> inputs, outputs;  ///< bits of the data
  std::vector<int> controls = {};    ///< bits, at most 64
  std::vector<int> monitors = {};    ///< bits of the data of streams inside
};

/// The waveforms that a model can write.
enum class Trace : std::uint8_t { kNone, kVcd, kFst };

struct ModelSpec {
  std::vector<SourceFile> sources;  ///< headers (.svh, .vh) lie beside the others
  std::vector<Design> designs;      ///< simulated one at a time; several share the cost of a build
  Trace trace = Trace::kNone;
  bool lint = true;        ///< a warning is an error; off for what users wrote
  bool netlist = false;    ///< synthesised: lint is off
  bool assertions = true;  ///< off for benchmarks
  int optimise = 1;        ///< of the C++ compiler: -O<n>
  std::vector<std::string> defines = {};
};

/// Verilator's names of what it reads otherwise than a synthesiser may: never built with lint off either.
std::span<const std::string_view> fatal_warnings();

/// A built program.
struct Model {
  std::string key;  ///< SHA-256 of everything that it was built from
  std::filesystem::path program;
  bool built = false;  ///< just now, rather than found in the cache
};

/// The Verilator and the C++ compiler in use.
struct Tools {
  std::filesystem::path verilator, compiler;
  std::string verilator_version, compiler_version;
  std::filesystem::path include;  ///< Verilator's run-time headers and sources
};
/// ToolError that says how to install what is missing.
Tools find_tools();

/// A folder of models by content. Thread-safe, and safe for several processes: an entry appears
/// whole or not at all. An entry that is not to the byte what this user built (see entry_fault) is
/// never run: it is built again, and a remark says so.
class ModelCache {
 public:
  /// The folder is made when needed; empty: user_model_folder(). UserError for a folder that others
  /// may write.
  explicit ModelCache(std::filesystem::path folder);

  /// The model, built unless it is there. ToolError with the tool's own message when a build fails;
  /// the cache is as it was then.
  Model get(const ModelSpec& spec);
  /// What was found wrong since the last call.
  std::vector<std::string> take_remarks();
  const Tools& tools() const { return tools_; }
  /// What get() would look for.
  std::string key(const ModelSpec& spec) const;

 private:
  Model build(const ModelSpec& spec, const std::string& key);
  std::filesystem::path runtime(const ModelSpec& spec);
  std::filesystem::path build_runtime(const ModelSpec& spec, const std::string& key);
  bool usable(const std::filesystem::path& entry, const std::string& key);

  std::filesystem::path folder_;
  Tools tools_;
  std::mutex mutex_, remarks_mutex_;
  std::vector<std::string> remarks_;
  std::map<std::string, std::shared_future<Model>> building_;
  std::map<std::string, std::filesystem::path> runtimes_;
};

/// Runs a job. `data`: the folder with the memory files; `scratch`: a folder for the job's own
/// files, named after `name`. Stamps come back in the result where the job asks for them. ToolError
/// when the program fails or gives no complete result.
Result run_model(const Model& model, const JobFile& job, const StreamFiles& streams,
                 const std::filesystem::path& data, const std::filesystem::path& scratch,
                 const std::string& name);

}  // namespace assay::sim
