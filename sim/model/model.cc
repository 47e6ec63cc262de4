// SPDX-License-Identifier: Apache-2.0
#include "sim/model/model.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/base/process.h"
#include "sim/model/cache_entry.h"
#include "sim/model/glue.h"
#include "sim/model/runtime_sources.h"
#include "sim/model/temporary_folder.h"
#include "sim/model/user_cache.h"

namespace assay::sim {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr seconds kBuildLimit{1800}, kRunLimit{7200}, kVersionLimit{60};
constexpr std::string_view kProgram = "model", kPrecompiled = "sim/bench/model_pch.h";

void run_tool(const std::vector<std::string>& arguments, const fs::path& dir,
              std::string_view what) {
  const ProcessResult result = run_process(arguments, dir, kBuildLimit);
  if (result.ok()) return;
  tool_error(
      "{} {}:\n{}", what,
      result.timed_out ? "took too long" : fmt::format("failed (exit code {})", result.exit_code),
      result.output);
}

/// Of two modules of one name Verilator takes the first, and other tools may take the other.
constexpr std::string_view kTwice = "MODDUP";

std::string version_of(const fs::path& program) {
  const ProcessResult result = run_process({program.string(), "--version"}, "/", kVersionLimit);
  if (!result.ok()) tool_error("{} does not run:\n{}", program.string(), result.output);
  return result.output.substr(0, result.output.find('\n'));
}

std::vector<std::string> verilator_flags(const ModelSpec& spec) {
  // -fno-const-bit-op-tree: without it Verilator 5.006 computes some netlists wrongly.
  std::vector<std::string> flags = {"--cc",       "-O3",          "-fno-const-bit-op-tree",
                                    "--x-assign", "unique",       "--x-initial",
                                    "unique",     "--no-timing",  "--prefix",
                                    "Vmodel",     "--top-module", "assay_top",
                                    "--Mdir",     "obj",          "--output-split",
                                    "0"};
  if (spec.trace != Trace::kNone)
    flags.insert(flags.end(),
                 {spec.trace == Trace::kFst ? "--trace-fst" : "--trace", "--trace-structs"});
  flags.emplace_back(spec.assertions ? "--assert" : "--no-assert");
  // -fno-gate, -fno-dfg: without them Verilator 5.006 computes some netlists wrongly.
  if (spec.netlist) flags.insert(flags.end(), {"-fno-gate", "-fno-dfg"});
  if (spec.netlist || !spec.lint) {
    flags.insert(flags.end(), {"-Wno-fatal", "-Wno-lint", "-Wno-style"});
    for (const std::string_view warning : fatal_warnings())
      if (!spec.netlist || warning == kTwice)
        flags.insert(flags.end(),
                     {fmt::format("-Wwarn-{}", warning), fmt::format("-Werror-{}", warning)});
  } else
    flags.emplace_back("-Wall");
  for (const std::string& define : spec.defines) flags.push_back("-D" + define);
  return flags;
}

std::vector<std::string> compiler_flags(const Tools& tools, int optimise, Trace trace) {
  return {fmt::format("-O{}", optimise),
          "-std=c++20",
          "-w",
          "-I.",
          "-I" + tools.include.string(),
          "-I" + (tools.include / "vltstd").string(),
          "-DVM_COVERAGE=0",
          "-DVM_SC=0",
          fmt::format("-DVM_TRACE={}", trace != Trace::kNone ? 1 : 0),
          fmt::format("-DVM_TRACE_VCD={}", trace == Trace::kVcd ? 1 : 0),
          fmt::format("-DVM_TRACE_FST={}", trace == Trace::kFst ? 1 : 0)};
}

/// One translation unit of all that Verilator wrote: the headers cost more than the code.
void join_sources(const fs::path& dir) {
  std::string unit;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir / "obj"))
    if (entry.path().extension() == ".cpp") names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  for (const std::string& name : names) unit += "#include \"obj/" + name + "\"\n";
  write_file(dir / "unit.cc", unit + "#include \"glue.cc\"\n");
}

/// Whether Verilator is given the file; others are there to be included.
bool is_unit(const std::string& name) { return name.ends_with(".sv") || name.ends_with(".v"); }

std::string shown_output(const std::string& text) { return text.empty() ? "(no output)" : text; }

}  // namespace

std::span<const std::string_view> fatal_warnings() {
  static constexpr std::array<std::string_view, 17> warnings = {
      kTwice,      "MULTIDRIVEN", "PINMISSING", "LATCH",        "UNDRIVEN",  "CASEX",
      "CASEWITHX", "COMBDLY",     "INITIALDLY", "ASSIGNDLY",    "STMTDLY",   "ZERODLY",
      "WAITCONST", "PROCASSWIRE", "CONTASSREG", "SYNCASYNCNET", "BLKANDNBLK"};
  return warnings;
}

Tools find_tools() {
  Tools tools;
  tools.verilator = find_program("verilator", "verilator");
  tools.compiler = find_program("g++", "g++");
  tools.verilator_version = version_of(tools.verilator);
  tools.compiler_version = version_of(tools.compiler);
  const ProcessResult root =
      run_process({tools.verilator.string(), "--getenv", "VERILATOR_ROOT"}, "/", kVersionLimit);
  tools.include = fs::path(root.output.substr(0, root.output.find('\n'))) / "include";
  if (!root.ok() || !fs::exists(tools.include / "verilated.cpp"))
    tool_error("{} has no run-time sources in {}; install it again", tools.verilator.string(),
               tools.include.string());
  return tools;
}

ModelCache::ModelCache(fs::path folder)
    : folder_(fs::absolute(folder.empty() ? user_model_folder() : folder)), tools_(find_tools()) {
  make_private_folder(folder_);
  TemporaryFolder::remove_abandoned(folder_);
}

std::vector<std::string> ModelCache::take_remarks() {
  const std::lock_guard lock(remarks_mutex_);
  return std::exchange(remarks_, {});
}

bool ModelCache::usable(const fs::path& entry, const std::string& key) {
  if (!fs::exists(fs::symlink_status(entry))) return false;
  const std::string fault = entry_fault(entry, key);
  if (fault.empty()) return true;
  const std::lock_guard lock(remarks_mutex_);
  remarks_.push_back(
      fmt::format("the model '{}' is built again: {}", printable(entry.string(), 4096), fault));
  return false;
}

std::string ModelCache::key(const ModelSpec& spec) const {
  std::string text = fmt::format("{}\n{}\n", tools_.verilator_version, tools_.compiler_version);
  const auto add = [&](std::string_view part) {
    text += fmt::format("{}:{}\n", part.size(), part);
  };
  for (const std::string& flag : verilator_flags(spec)) add(flag);
  for (const std::string& flag : compiler_flags(tools_, spec.optimise, spec.trace)) add(flag);
  for (const SourceFile& source : spec.sources) {
    add(source.name);
    add(source.text);
  }
  add(top_text(spec));
  add(glue_text(spec));
  for (const RuntimeSource& source : runtime_sources()) add(source.text);
  return sha256(text);
}

Model ModelCache::get(const ModelSpec& spec) {
  const std::string key = this->key(spec);
  std::promise<Model> promise;
  std::shared_future<Model> model = promise.get_future().share();
  {
    const std::lock_guard lock(mutex_);
    const auto [it, first] = building_.try_emplace(key, model);
    if (!first) promise = {};  // somebody else builds it, or has
    model = it->second;
    if (first) model = {};
  }
  if (model.valid()) return model.get();
  try {
    Model built = build(spec, key);
    promise.set_value(built);
    return built;
  } catch (...) {
    promise.set_exception(std::current_exception());
    const std::lock_guard lock(mutex_);
    building_.erase(key);
    throw;
  }
}

Model ModelCache::build(const ModelSpec& spec, const std::string& key) {
  const fs::path entry = folder_ / key;
  Model model{key, entry / kProgram, false};
  if (usable(entry, key)) return model;
  const TemporaryFolder work(entry);
  std::vector<std::string> command = {tools_.verilator.string()};
  for (const std::string& flag : verilator_flags(spec)) command.push_back(flag);
  for (const SourceFile& source : spec.sources) {
    write_file(work.path() / source.name, source.text);
    if (is_unit(source.name)) command.push_back("./" + source.name);
  }
  write_file(work.path() / "assay_top.sv", top_text(spec));
  command.emplace_back("assay_top.sv");
  write_file(work.path() / "glue.cc", glue_text(spec));
  run_tool(command, work.path(), "Verilator");
  join_sources(work.path());

  const fs::path objects = runtime(spec);
  command = {tools_.compiler.string()};
  for (const std::string& flag : compiler_flags(tools_, spec.optimise, spec.trace))
    command.push_back(flag);
  command.insert(command.end(), {"-Iobj", "-I" + (objects / "src").string(), "-include",
                                 (objects / "src" / kPrecompiled).string(), "unit.cc"});
  for (const auto& file : fs::directory_iterator(objects))
    if (file.path().extension() == ".o") command.push_back(file.path().string());
  command.insert(command.end(), {"-pthread", "-o", std::string(kProgram)});
  // Waveforms are written by a library that reads more; no verdict comes from such a run.
  if (spec.trace == Trace::kNone) command.emplace_back("-Wl,--wrap=fopen");
  if (spec.trace == Trace::kFst) command.emplace_back("-lz");
  run_tool(command, work.path(), "the C++ compiler");

  const TemporaryFolder kept(entry);
  std::error_code error;
  fs::rename(work.path() / kProgram, kept.path() / kProgram, error);
  if (error)
    tool_error("cannot keep {}: {}", printable(model.program.string(), 4096), error.message());
  keep_entry(kept, entry, key);
  model.built = true;
  return model;
}

/// Objects and the precompiled header that all models of the same flags share.
fs::path ModelCache::runtime(const ModelSpec& spec) {
  std::string text = fmt::format("{}\n{}\n", tools_.verilator_version, tools_.compiler_version);
  for (const std::string& flag : compiler_flags(tools_, spec.optimise, spec.trace))
    text += flag + "\n";
  for (const RuntimeSource& source : runtime_sources()) text += source.text;
  const std::string key = "runtime-" + sha256(text);
  const std::lock_guard lock(mutex_);
  fs::path& known = runtimes_[key];
  if (known.empty()) known = build_runtime(spec, key);
  return known;
}

fs::path ModelCache::build_runtime(const ModelSpec& spec, const std::string& key) {
  const fs::path entry = folder_ / key;
  if (usable(entry, key)) return entry;
  const TemporaryFolder work(entry);
  std::vector<fs::path> units = {tools_.include / "verilated.cpp",
                                 tools_.include / "verilated_threads.cpp"};
  if (spec.trace == Trace::kVcd) units.push_back(tools_.include / "verilated_vcd_c.cpp");
  if (spec.trace == Trace::kFst) units.push_back(tools_.include / "verilated_fst_c.cpp");
  for (const RuntimeSource& source : runtime_sources()) {
    const fs::path path = work.path() / "src" / source.name;
    fs::create_directories(path.parent_path());
    write_file(path, source.text);
    if (path.extension() == ".cc") units.push_back(path);
  }
  std::vector<std::future<void>> jobs;
  const auto compile = [&](int optimise, std::vector<std::string> more) {
    std::vector<std::string> command = {tools_.compiler.string()};
    for (const std::string& flag : compiler_flags(tools_, optimise, spec.trace))
      command.push_back(flag);
    command.emplace_back("-Isrc");
    for (std::string& argument : more) command.push_back(std::move(argument));
    jobs.push_back(std::async(std::launch::async, [command, dir = work.path()] {
      run_tool(command, dir, "the C++ compiler");
    }));
  };
  // The header only serves units that are compiled with the same flags; the objects are always
  // fast.
  const std::string header = (fs::path("src") / kPrecompiled).string();
  compile(spec.optimise, {"-x", "c++-header", header, "-o", header + ".gch"});
  for (const fs::path& unit : units) compile(2, {"-c", unit.string()});
  for (std::future<void>& job : jobs) job.get();
  keep_entry(work, entry, key);
  return entry;
}

Result run_model(const Model& model, const JobFile& given, const StreamFiles& streams,
                 const fs::path& data, const fs::path& scratch, const std::string& name) {
  const fs::path job_file = fs::absolute(scratch / (name + ".job")),
                 result_file = fs::absolute(scratch / (name + ".result")),
                 stamps_file = fs::absolute(scratch / (name + ".stamps"));
  JobFile job = given;
  if (job.job.stamps) job.stamps = stamps_file.string();
  std::ostringstream text;
  write_job(text, job, streams);
  write_file(job_file, text.str());
  std::error_code ignored;
  // What an earlier run left must not be taken for this one's.
  fs::remove(result_file, ignored);
  fs::remove(stamps_file, ignored);
  const ProcessResult run = run_process(
      {model.program.string(), job_file.string(), result_file.string()}, data, kRunLimit);
  if (run.timed_out)
    tool_error("the simulation of {} took longer than {} s", name, kRunLimit.count());
  if (!run.ok())
    tool_error("the simulation of {} failed (exit code {}):\n{}", name, run.exit_code,
               shown_output(run.output));
  std::ifstream in(result_file);
  try {
    Result result = read_result(in);
    if (job.job.stamps) {
      std::ifstream stamps(stamps_file, std::ios::binary);
      read_stamps(stamps, streams.inputs.size(), streams.outputs.size(), streams.monitors.size(),
                  result);
      fs::remove(stamps_file, ignored);
    }
    fs::remove(job_file, ignored);
    fs::remove(result_file, ignored);
    return result;
  } catch (const std::exception& error) {
    tool_error("the simulation of {} left no result: {}\n{}", name, error.what(),
               shown_output(run.output));
  }
}

}  // namespace assay::sim
