// SPDX-License-Identifier: Apache-2.0
#include "harness/build/vivado_build.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "compile/backend/fpga/tools.h"
#include "compile/backend/zynq/check.h"
#include "compile/backend/zynq/project.h"
#include "compile/backend/zynq/system.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/base/process.h"
#include "compile/onnx/export_parent.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "harness/build/build_source.h"
#include "harness/build/build_steps.h"
#include "harness/build/driver_package.h"
#include "harness/build/vivado_report.h"
#include "harness/build/vivado_results.h"
#include "harness/report/optional_report.h"
#include "harness/rtl/top_run.h"
#include "harness/run/built_reports.h"
#include "harness/run/identity.h"
#include "harness/run/ledger.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kVivadoLimit{48 * 3600}, kPortsLimit{3600};

void require_options_of_vivado(const BuildOptions& options, const hw::Board& board) {
  const BuildOptions usual;
  if (options.seed != usual.seed || options.seeds != usual.seeds)
    user_error("--seed and --seeds are nextpnr's; '{}' is placed by Vivado", board.name);
  if (options.baud)
    user_error("--baud is the rate of a serial line; the host of '{}' is on the board", board.name);
  if (options.dsp) user_error("--dsp is of Yosys; for '{}' Vivado decides itself", board.name);
}

bool is_in_path(const std::string& program) {
  try {
    find_program(program, program);
    return true;
  } catch (const ToolError&) {
    return false;
  }
}

class VivadoBuild {
 public:
  VivadoBuild(const BuildOptions& options, const hw::Board& board, const Console& console)
      : options_(options),
        board_(board),
        console_(console),
        clock_mhz_(options.clock_mhz.value_or(board.clock_mhz)),
        source_(options.dir, {std::string(board.name), nullptr, nullptr}, clock_mhz_, 0),
        project_(zynq::vivado_project({&board, clock_mhz_, &source_.rtl, source_.rtl_sha256})),
        driver_(make_driver()),
        folder_(fmt::format("build/{}", board.name)),
        dir_(existing_run(options.dir)) {}

  VivadoResult run() {
    remark_absent(source_.run, console_);
    fill_head();
    write_project();
    check();
    if (!failed_) make_bitstream();
    finish();
    return {report_, vivado_table(report_)};
  }

 private:
  std::string path(std::string_view name) const { return fmt::format("{}/{}", folder_, name); }

  void fill_head() {
    const SavedRun::Stage& last = source_.run.stages.back();
    report_.assay = assay_identity();
    report_.stage = last.id;
    report_.stage_sha256 = last.sha256;
    report_.rtl_sha256 = source_.rtl_sha256;
    report_.board = board_.name;
    report_.part = board_.part;
    report_.clock_mhz = clock_mhz_;
    report_.command =
        fmt::format("sh '{}'", printable((dir_.file(path("build.sh"))).string(), 4096));
    for (const zynq::Mover& mover : project_.movers)
      report_.movers.push_back({mover.name, mover.stream, printable(mover.tensor, 4096),
                                mover.control_base, mover.beat_bytes, mover.frame_beats,
                                mover.transfer_bytes(1)});
    if (project_.weights) {
      report_.weights = {std::string(zynq::kWeightPort), project_.weights->base,
                         project_.weights->range, std::ssize(source_.rtl.stores), 0};
      for (const WeightStore& store : source_.rtl.stores) report_.weights->words += store.words();
    }
  }

  struct Driver {
    report::Vivado::Check check;
    std::vector<NodeRtl::File> files;
  };

  /// The package for PYNQ and hosts in C and C++, of a card the latter alone, with the run's images; a network that it cannot
  /// serve has none, and that is said.
  Driver make_driver() const {
    DriverPlace place;
    place.by_xrt = zynq::is_platform(board_);
    place.bitfile = "../" + project_.products.front();
    place.clock_mhz = clock_mhz_;
    for (const zynq::Mover& mover : project_.movers) {
      place.movers.push_back(mover);
      place.addresses.push_back(mover.control_base);
    }
    if (project_.weights)
      place.weights = {std::string(zynq::kAcceleratorCell), project_.weights->base,
                       project_.weights->range};
    try {
      const RtlSession session(options_.dir, {}, {});  // which locks the folder
      Driver driver;
      DriverPackages packages = driver_packages(session, place, console_);
      driver.check = {
          "driver", Verdict::kEquivalent,
          fmt::format("{}hosts in C and C++, with {} images and golden's results",
                      place.by_xrt ? "" : "a package for PYNQ and ", session.image_count)};
      for (NodeRtl::File& file : packages.pynq)
        driver.files.push_back({"driver/" + file.name, std::move(file.text)});
      for (NodeRtl::File& file : packages.c)
        driver.files.push_back({"host/" + file.name, std::move(file.text)});
      return driver;
    } catch (const std::runtime_error& error) {  // of the user, or of a tool that is not there
      return {{"driver", Verdict::kInconclusive, error.what()}, {}};
    }
  }

  /// What an earlier call generated goes, and what Vivado made of it.
  void remove_earlier() {
    const auto earlier =
        optional_report<report::Vivado>(dir_.file(vivado_report_file(board_.name)));
    if (!earlier) return;
    std::vector<std::string> gone = {vivado_report_file(board_.name)};
    dir_.remove(vivado_report_file(board_.name));
    const auto forget = [&](const report::File& file) {
      if (!file.file.starts_with(folder_ + "/") || file.file.find("..") != std::string::npos)
        return;
      if (fs::exists(fs::symlink_status(dir_.file(file.file)))) dir_.remove(file.file);
      gone.push_back(file.file);
    };
    for (const report::File& file : earlier->files) forget(file);
    for (const auto& file : {earlier->bitfile, earlier->hw_handoff})
      if (file) forget(*file);
    for (const report::File& file : earlier->results.value_or(std::vector<report::File>()))
      forget(file);
    register_files(dir_, gone);
    forget_report(dir_, fmt::format("reports/netlist-{}.json", board_.name));
  }

  void write_project() {
    dir_.make_folder(folder_);
    dir_.remove_half_written(folder_);
    remove_earlier();
    std::vector<NodeRtl::File> files = project_.files;
    files.insert(files.end(), driver_.files.begin(), driver_.files.end());
    add_networks(files);
    for (const NodeRtl::File& file : files) {
      dir_.make_folder(fs::path(path(file.name)).parent_path().string());
      dir_.write(path(file.name), file.text);
      report_.files.push_back({path(file.name), sha256(file.text)});
    }
    console_.remark(fmt::format("project: {} files in '{}'", files.size(),
                                printable(dir_.file(folder_).string(), 4096)));
  }

  /// What is around the accelerator, with one node for it, and the accelerator's layers, both with metadata.json as
  /// entries of their metadata: by them other tools find what was made of it.
  void add_networks(std::vector<NodeRtl::File>& files) const {
    const auto file = std::ranges::find(project_.files, "metadata.json", &NodeRtl::File::name);
    ASSAY_INVARIANT(file != project_.files.end(), "a project without metadata");
    ForeignMetadata entries;
    const auto metadata = nlohmann::ordered_json::parse(file->text);
    for (const auto& [key, value] : metadata.items())
      entries.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    const DataflowPartition partition = only_accelerator(source_.graph, "a project for Vivado");
    const std::string child = "dataflow_partition.onnx";
    files.push_back(
        {"post_synthesis.onnx",
         export_parent(source_.graph, entries,
                       {partition.index, child, nodes_between_ends(source_.graph, partition),
                        partition.inputs, partition.outputs})});
    files.push_back({child, export_bytes(partition_graph(source_.graph, partition), entries)});
  }

  // ---- Without Vivado ----

  void note(const char* name, Verdict verdict, std::string reason) {
    failed_ = failed_ || verdict == Verdict::kDifferent;
    report_.checks.push_back({name, verdict, std::move(reason)});
  }
  void note(const char* name, const std::vector<std::string>& faults, const std::string& good) {
    if (faults.empty())
      note(name, Verdict::kEquivalent, good);
    else
      note(name, Verdict::kDifferent,
           fmt::format("{}{}", faults.front(),
                       faults.size() > 1 ? fmt::format(" (and {} more)", faults.size() - 1) : ""));
  }

  void check() {
    note("files", zynq::missing_files(project_), "every file that a script names is there");
    check_components();
    check_scripts();
    if (zynq::is_platform(board_))
      note("link", zynq::link_faults(project_, board_),
           "kernels have the buses of their IPs, and every stream and memory is connected once");
    report_.checks.push_back(driver_.check);
  }

  void check_components() {
    if (!fpga::has_tool("yosys")) {
      note("components", Verdict::kInconclusive,
           "there is no yosys to read the ports of the RTL: apt-get install yosys");
      return;
    }
    std::vector<std::string> faults;
    wait_aloud(console_, "components: yosys reads the RTL", [&] {
      for (const zynq::Ip& ip : project_.ips)
        for (std::string& fault : faults_of(ip)) faults.push_back(ip.name + ": " + fault);
    });
    note("components", faults,
         fmt::format("{} component.xml keep to the rules and have the ports of their RTL",
                     project_.ips.size()));
  }

  std::vector<std::string> faults_of(const zynq::Ip& ip) const {
    const fs::path work = fresh_work();
    std::vector<std::string> names;
    for (const zynq::IpFile& file : zynq::ip_files(ip)) {
      fs::create_directories((work / file.name).parent_path());
      write_file(work / file.name, file.text);
      names.push_back(file.name);
    }
    write_file(work / "ports.ys", zynq::ports_script(ip, "ports.json"));
    const ProcessResult result =
        fpga::try_tool(fpga::find_tool("yosys"), {"-q", "ports.ys"}, work, kPortsLimit);
    if (!result.ok()) return {"Yosys does not read its RTL: " + printable(result.output, 300)};
    return zynq::component_faults(read_file(dir_.file(path("ip/" + ip.name + "/component.xml"))),
                                  zynq::yosys_ports(read_file(work / "ports.json"), ip.module),
                                  names, ip.used);
  }

  void check_scripts() {
    if (!is_in_path("tclsh")) {
      note("scripts", Verdict::kInconclusive,
           "there is no tclsh to run the scripts on a model of Vivado: apt-get install tcl");
      return;
    }
    const fs::path work = fresh_work();
    for (const NodeRtl::File& file : project_.files) {
      fs::create_directories((work / file.name).parent_path());
      write_file(work / file.name, file.text);
    }
    note("scripts", zynq::script_faults(project_, work, find_program("tclsh", "tcl")),
         "they run on a model of Vivado, in which all is connected, clocked and addressed");
  }

  fs::path fresh_work() const { return dir_.fresh_folder(folder_ + "/work"); }

  // ---- With Vivado ----

  void make_bitstream() {
    for (const std::string& tool : project_.tools) {
      if (is_in_path(tool)) continue;
      note("vivado", Verdict::kInconclusive,
           fmt::format("there is no {} in PATH; take '{}' to a machine that has one, and do 'sh "
                       "build.sh' there",
                       tool, printable(dir_.file(folder_).string(), 4096)));
      return;
    }
    const fs::path folder = dir_.file(folder_);
    for (const std::string& made : project_.products) fs::remove(folder / made);
    ProcessResult result;
    wait_aloud(
        console_, [&] { return "vivado: " + last_words(folder, project_.scripts); },
        [&] {
          result =
              run_process({find_program("sh", "dash").string(), "build.sh"}, folder, kVivadoLimit);
        });
    if (!result.ok())
      tool_error("Vivado made no bitstream in '{}': {}", printable(folder.string(), 4096),
                 printable(result.output.substr(result.output.size() -
                                                std::min<std::size_t>(result.output.size(), 600)),
                           1000));
    report_.bitfile = made_file(project_.products.front());
    if (project_.products.size() > 1) report_.hw_handoff = made_file(project_.products.back());
    note("vivado", Verdict::kEquivalent, slack_line(result.output));
    keep_results(dir_, report_,
                 read_vivado_results(folder, project_.identity, board_, source_.rtl));
  }

  report::File made_file(const std::string& name) const {
    return {path(name), sha256(read_file(dir_.file(path(name))))};
  }

  /// What report.tcl says of the clock.
  static std::string slack_line(const std::string& output) {
    constexpr std::string_view kSlack = "assay: slack ";
    const std::size_t at = output.rfind(kSlack);
    if (at == std::string::npos) return "it made the bitstream";
    return "it made the bitstream; " +
           printable(output.substr(at + 7, output.find('\n', at) - at - 7));
  }

  /// The last line of the script that runs.
  static std::string last_words(const fs::path& folder, const std::vector<std::string>& scripts) {
    std::string words = "it begins";
    for (const std::string& script : scripts) {
      const fs::path log = folder / (std::string(script.substr(0, script.rfind('.'))) + ".log");
      std::error_code error;
      if (!fs::is_regular_file(fs::symlink_status(log, error))) continue;
      const std::string text = read_file(log);
      const std::size_t end = text.find_last_not_of('\n');
      if (end == std::string::npos) continue;
      const std::size_t begin = text.rfind('\n', end);
      words = log.stem().string() + ": " +
              printable(text.substr(begin == std::string::npos ? 0 : begin + 1,
                                    end - (begin == std::string::npos ? 0 : begin + 1) + 1),
                        100);
    }
    return words;
  }

  // ---- Report ----

  void finish() {
    if (const std::string work = folder_ + "/work"; dir_.owns_folder(work))
      fs::remove_all(dir_.file(work));
    save_vivado_report(dir_, report_, Saved::kProject);
    dir_.log("build", {{"target", report_.board}, {"verdict", verdict_name(report_.verdict)}});
    if (options_.finished) options_.finished(dir_);
  }

  const BuildOptions& options_;
  const hw::Board& board_;
  const Console& console_;
  const double clock_mhz_;
  const BuildSource source_;
  const zynq::Project project_;
  const Driver driver_;
  const std::string folder_;
  const RunDir dir_;
  report::Vivado report_;
  bool failed_ = false;  ///< a check saw a fault
};

}  // namespace

const hw::Board* vivado_board(std::string_view target) { return hw::find_board(target); }

VivadoResult build_with_vivado(const BuildOptions& options, const Console& console) {
  const hw::Board* board = vivado_board(options.target);
  ASSAY_INVARIANT(board, "a target that is no board of Vivado's");
  require_options_of_vivado(options, *board);
  return VivadoBuild(options, *board, console).run();
}

}  // namespace assay
