// SPDX-License-Identifier: Apache-2.0
#include "harness/build/build.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "compile/backend/fpga/cell_counts.h"
#include "compile/backend/fpga/pins.h"
#include "compile/backend/fpga/tools.h"
#include "compile/backend/shell/shell.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/build/build_report.h"
#include "harness/build/build_source.h"
#include "harness/build/build_steps.h"
#include "harness/build/place_route.h"
#include "harness/build/synthesise.h"
#include "harness/report/checksum.h"
#include "harness/run/ledger.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kScriptFile = "synthesis.ys";

double seconds_from(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void require_clock(const BuildOptions& options) {
  if (options.clock_mhz && !(*options.clock_mhz > 0 && *options.clock_mhz <= 1000))
    user_error("--clock: {} is no frequency that a part runs at", *options.clock_mhz);
}

fpga::Target chosen_target(const BuildOptions& options) {
  fpga::Target target = fpga::find_target(options.target);
  if (!target.part->has_bitstreams() && (options.clock_mhz || options.seeds > 1))
    user_error("--clock and --seeds are of place and route; '{}' is only synthesised", target.name);
  if (options.baud && !target.board)
    user_error("--baud is the rate of a board's serial line; '{}' is a part", target.name);
  return target;
}

double clock_of(const BuildOptions& options, const fpga::Target& target) {
  if (options.clock_mhz) return *options.clock_mhz;
  // A faster oscillator goes through the board's PLL.
  return target.board ? std::min(target.board->clock_mhz, kBuildClock) : kBuildClock;
}

class BitstreamBuild {
 public:
  BitstreamBuild(const BuildOptions& options, const Console& console)
      : options_(options),
        console_(console),
        target_(chosen_target(options)),
        clock_mhz_(clock_of(options, target_)),
        synthesisers_(synthesisers(target_.part->family)),
        tools_(options.netlist_only ? std::nullopt : place_route_tools(*target_.part)),
        files_(build_files(target_.part->family)),
        dir_(existing_run(options.dir)),
        source_(options.dir, target_, clock_mhz_, options.baud.value_or(kBuildBaud)),
        steps_(dir_, target_.name, console),
        job_(source_.synthesis_job(options.dsp)),
        report_(build_head(source_, target_, clock_mhz_, options.dsp)) {
    if (target_.board) report_.baud = options.baud.value_or(kBuildBaud);
  }

  BuildResult run() {
    remark_absent(source_.run, console_);
    identify_tools();
    if (tools_) constraints_ = source_.constraints();
    netlist();
    require_fit(report_, *target_.part);
    if (tools_) route();
    note_speed(report_, source_.interval);
    finish();
    return {report_, build_table(report_, steps_.timing())};
  }

 private:
  void identify_tools() {
    linker_ = tool_identity(synthesisers_.front());
    if (tools_) placers_ = {tool_identity(tools_->nextpnr), tool_identity(tools_->packer)};
    synthesise_by(linker_);
  }

  /// By this one layers become gates; the whole is the first one's (synthesise.h).
  void synthesise_by(const report::Build::Tool& yosys) {
    yosys_ = yosys;
    report_.tools = {yosys_};
    if (yosys_.sha256 != linker_.sha256) report_.tools.push_back(linker_);
    report_.tools.insert(report_.tools.end(), placers_.begin(), placers_.end());
  }

  static std::string tool_text(const report::Build::Tool& tool) {
    return fmt::format("{} {} {}\n", tool.name, tool.version, tool.sha256);
  }

  // ---- Netlist ----

  std::string netlist_inputs(const std::string& script) const {
    std::string text = tool_text(yosys_) + tool_text(linker_) + script;
    for (const BuildSource::File& file : source_.files())
      text += fmt::format("{} {}\n", file.name, sha256(file.text));
    return sha256(text);
  }

  void netlist() {
    const std::string script = fpga::synthesis_script(job_, {files_.netlist, files_.gates});
    for (const fpga::Tool& yosys : synthesisers_) {
      if (keep_netlist(yosys, script)) return;
      if (!steps_.has_earlier()) break;  // to ask the others what they are may take a minute
    }
    forget_reports({"build", "netlist", "bitstream"});
    std::string fault;
    for (const fpga::Tool& yosys : synthesisers_) {
      fault = new_netlist(yosys, script);
      if (fault.empty()) return;
      console_.remark(
          fmt::format("netlist: not taken, as {} is at fault: {}", yosys_.version, fault));
    }
    tool_error(
        "{} makes a wrong netlist of this design ({}); install a newer one with 'sh "
        "cmake/fpga-tools.sh' and build again",
        yosys_.version, fault);
  }

  bool keep_netlist(const fpga::Tool& yosys, const std::string& script) {
    synthesise_by(tool_identity(yosys));
    const report::Build* earlier = steps_.kept({"netlist"}, netlist_inputs(script));
    if (!earlier || !earlier->layer_gates) return false;
    if (!count(read_file(dir_.file(steps_.path(files_.netlist)))).empty()) return false;
    report_.layer_gates = earlier->layer_gates;
    steps_.keep(report_, "netlist");
    return true;
  }

  /// Returns what is wrong with it.
  std::string new_netlist(const fpga::Tool& yosys, const std::string& script) {
    synthesise_by(tool_identity(yosys));
    const auto start = Clock::now();
    const fs::path work = synthesised(yosys);
    const std::string json = read_file(work / files_.netlist);
    std::string fault = count(json);
    if (!fault.empty()) return fault;
    steps_.done(report_, "netlist", netlist_inputs(script),
                {{files_.netlist, json},
                 {files_.gates, read_file(work / files_.gates)},
                 {kScriptFile, script}},
                seconds_from(start));
    register_files(dir_, step_files());
    console_.remark(fmt::format("netlist: {} LUTs, {} flip-flops, {} block RAMs in {:.1f} s",
                                grouped(report_.total.lut), grouped(report_.total.ff),
                                grouped(report_.total.bram), seconds_from(start)));
    return "";
  }

  /// Returns CellCounts::fault.
  std::string count(const std::string& json) {
    fpga::CellCounts counts = fpga::count_cells(json, job_, steps_.path(files_.netlist));
    note_cells(report_, counts);
    owners_ = std::move(counts.owners);
    return counts.fault;
  }

  /// Returns the folder of the files.
  fs::path synthesised(const fpga::Tool& yosys) {
    const fs::path work = steps_.fresh_work();
    report_.layer_gates = synthesise(job_, source_.files(), {yosys, synthesisers_.front(), yosys_},
                                     {files_.netlist, files_.gates}, work, console_)
                              .sha256;
    return work;
  }

  // ---- Placed, routed and packed ----

  std::string routed_inputs() const {
    std::string tools;
    for (const report::Build::Tool& tool : placers_) tools += tool_text(tool);
    return sha256(fmt::format(
        "{}{} {} {} {}\n{}\n{} MHz, seeds {} to {}\n", tools, target_.part->device,
        target_.part->package, report_.steps.front().files.front().sha256, report_.design,
        constraints_, report_.clock_mhz, options_.seed, options_.seed + options_.seeds - 1));
  }

  void route() {
    const std::string inputs = routed_inputs();
    if (const report::Build* earlier = steps_.kept({"routed", "bitstream"}, inputs)) {
      copy_placement(report_, *earlier);
      for (const char* step : {"routed", "bitstream"}) steps_.keep(report_, step);
      return;
    }
    forget_reports({"build", "bitstream"});
    const auto start = Clock::now();
    const fpga::PlaceRouteResult best = best_placement();
    note_placement(report_, best, owners_);
    steps_.done(report_, "routed", inputs,
                {{files_.routed, best.routed}, {files_.constraints, constraints_}},
                seconds_from(start));
    steps_.done(report_, "bitstream", inputs, {{files_.bitstream, best.bitstream}}, 0);
    register_files(dir_, step_files());
  }

  fpga::PlaceRouteResult best_placement() {
    fpga::PlaceRouteResult best;
    const std::string json = read_file(dir_.file(steps_.path(files_.netlist)));
    for (std::int64_t seed = options_.seed; seed < options_.seed + options_.seeds; ++seed) {
      fpga::PlaceRouteResult result = placed(json, seed);
      report_.seeds.push_back({seed, result.fmax_mhz});
      console_.remark(fmt::format("routed: seed {}, {:.1f} MHz", seed, result.fmax_mhz));
      if (report_.seeds.size() > 1 && result.fmax_mhz <= best.fmax_mhz) continue;
      best = std::move(result);
      report_.seed = seed;
    }
    return best;
  }

  fpga::PlaceRouteResult placed(const std::string& json, std::int64_t seed) const {
    fpga::PlaceRouteResult result;
    const fs::path work = steps_.fresh_work();
    const fpga::PlaceRouteJob job = {
        target_.part, report_.design,    json,
        constraints_, report_.clock_mhz, static_cast<std::uint64_t>(seed)};
    wait_aloud(console_, fmt::format("routed: {}, seed {}", tools_->nextpnr.name, seed),
               [&] { result = place_route(job, work, *tools_); });
    return result;
  }

  // ---- Report ----

  std::string report_file() const { return fmt::format("reports/build-{}.json", target_.name); }

  std::vector<std::string> step_files() const {
    std::vector<std::string> names;
    for (const report::Build::Step& step : report_.steps)
      for (const report::File& file : step.files) names.push_back(file.file);
    return names;
  }

  /// Until the end there is no report, and none on what was built before.
  void forget_reports(std::initializer_list<const char*> those) {
    for (const char* about : those) {
      const std::string file = fmt::format("reports/{}-{}.json", about, target_.name);
      if (!fs::exists(fs::symlink_status(dir_.file(file)))) continue;
      dir_.remove(file);
      register_files(dir_, {file});
    }
  }

  void finish() {
    seal(report_);
    dir_.write_report(report_file(), report_);
    dir_.write_report(steps_.path(report::kBuildTiming), steps_.timing());
    std::vector<std::string> names = step_files();
    names.push_back(report_file());
    register_files(dir_, names);
    if (options_.finished) options_.finished(dir_);
  }

  const BuildOptions& options_;
  const Console& console_;
  const fpga::Target target_;
  const double clock_mhz_;
  const std::vector<fpga::Tool> synthesisers_;  ///< the first whose layers have no fault is taken
  const std::optional<fpga::PlaceRouteTools> tools_;  ///< nothing: it ends behind the netlist
  const BuildFiles files_;
  const RunDir dir_;
  const BuildSource source_;
  BuildSteps steps_;
  const fpga::SynthesisJob job_;
  report::Build::Tool yosys_, linker_;
  std::vector<report::Build::Tool> placers_;
  report::Build report_;
  fpga::CellOwners owners_;
  std::string constraints_;
};

}  // namespace

void check_build_options(const BuildOptions& options) {
  require_clock(options);
  const fpga::Target target = chosen_target(options);
  if (target.board) clocks_per_bit(clock_of(options, target), options.baud.value_or(kBuildBaud));
}

BuildResult build(const BuildOptions& options, const Console& console) {
  check_build_options(options);
  return BitstreamBuild(options, console).run();
}

}  // namespace assay
