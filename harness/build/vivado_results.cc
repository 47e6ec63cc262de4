// SPDX-License-Identifier: Apache-2.0
#include "harness/build/vivado_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "compile/backend/zynq/results.h"
#include "compile/backend/zynq/system.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/hw/resources.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMega = std::uint64_t{1} << 20;

/// A file that may be there; `needed`: else the results are no results.
struct Known {
  std::string_view name;
  std::uint64_t most;  ///< bytes
  bool needed = false;
};
constexpr Known kKnown[] = {{zynq::kSumsFile, kMega, true},   {zynq::kIdentityFile, kMega, true},
                            {"assay.bit", 512 * kMega},       {"assay.hwh", 64 * kMega},
                            {"assay.xclbin", 1024 * kMega},   {"utilization.rpt", 64 * kMega},
                            {"hierarchy.rpt", 64 * kMega},    {"timing.rpt", 256 * kMega},
                            {"power.rpt", 64 * kMega},        {"drc.rpt", 64 * kMega},
                            {kCollectedNetlist, 1024 * kMega}};

class Reader {
 public:
  Reader(const fs::path& folder, const zynq::ProjectIdentity& project, const hw::Board& board,
         const StitchedRtl& rtl)
      : folder_(folder_of(folder)), project_(project), board_(board), rtl_(rtl) {}

  VivadoResults read() {
    for (const Known& known : kKnown) take(known);
    require_identity();
    require_sums();
    estimate();
    look_at_bits();
    look_at_utilisation();
    look_at_hierarchy();
    look_at_timing();
    look_at_netlist();
    return std::move(results_);
  }

 private:
  static fs::path folder_of(const fs::path& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error))
      user_error("--collect: there is no folder '{}'", printable(folder.string(), 4096));
    const fs::path inner = folder / kResultsFolder;
    return fs::is_directory(fs::symlink_status(inner, error)) ? inner : folder;
  }

  std::string shown(std::string_view name) const {
    return printable((folder_ / name).string(), 4096);
  }

  void take(const Known& known) {
    const fs::path path = folder_ / known.name;
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (status.type() == fs::file_type::not_found) {
      if (known.needed)
        user_error(
            "'{}' is not there: results are the folder '{}' that build.sh of the project makes, "
            "whole",
            shown(known.name), kResultsFolder);
      return;
    }
    if (status.type() != fs::file_type::regular)
      user_error("'{}' is a link or no file; copy the file itself", shown(known.name));
    const std::uint64_t size = fs::file_size(path);
    if (size > known.most)
      user_error("'{}' has {} bytes, more than such a file can have: {}", shown(known.name), size,
                 known.most);
    results_.files.push_back({std::string(known.name), read_file(path, known.most)});
  }

  void require_identity() const {
    const zynq::ProjectIdentity found =
        zynq::read_identity(results_.file(zynq::kIdentityFile)->bytes, shown(zynq::kIdentityFile));
    if (found.board != project_.board || found.part != project_.part)
      user_error("'{}' has results for {} ({}), not for {} ({})", printable(folder_.string(), 4096),
                 printable(found.board), printable(found.part), project_.board, project_.part);
    if (found.content_hash != project_.content_hash)
      user_error(
          "'{}' has results of RTL {}, and this run's is {}: take back those of the project that "
          "lies here, or build it anew on the machine that has Vivado",
          printable(folder_.string(), 4096), printable(found.content_hash), project_.content_hash);
    if (found.project_hash != project_.project_hash)
      user_error(
          "'{}' has results of project {} ({} MHz), and the one here is {} ({} MHz): take back "
          "those "
          "of the project that lies here",
          printable(folder_.string(), 4096), printable(found.project_hash), found.clock_mhz,
          project_.project_hash, project_.clock_mhz);
  }

  /// Lines "HASH  NAME", as sha256sum writes them.
  void require_sums() const {
    std::map<std::string, std::string, std::less<>> sums;
    const std::string& text = results_.file(zynq::kSumsFile)->bytes;
    constexpr std::size_t kDigits = 64, kName = kDigits + 2;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string line = text.substr(at, end - at);
      if (line.size() <= kName || line.find_first_not_of("0123456789abcdef") != kDigits)
        user_error("'{}' is damaged: it has lines that sha256sum does not write",
                   shown(zynq::kSumsFile));
      sums[line.substr(kName)] = line.substr(0, kDigits);
      at = end + 1;
    }
    for (const VivadoResults::File& file : results_.files) {
      if (file.name == zynq::kSumsFile) continue;
      const auto sum = sums.find(file.name);
      if (sum == sums.end() || sum->second != sha256(file.bytes))
        user_error(
            "'{}' is not what build.sh left: its SHA-256 is {}, in {} it {}; copy the folder again",
            shown(file.name), sha256(file.bytes), zynq::kSumsFile,
            sum == sums.end() ? "is missing" : "is " + sum->second);
    }
    for (const Known& known : kKnown)
      if (sums.contains(known.name) && !results_.file(known.name))
        user_error("'{}' is not there, and build.sh left it; copy the folder again",
                   shown(known.name));
  }

  // ---- What they say ----

  void note(const char* check, Verdict verdict, std::string reason) {
    results_.checks.push_back({check, verdict, std::move(reason)});
  }
  void note_missing(const char* check, std::string_view name) {
    note(check, Verdict::kInconclusive, fmt::format("the results have no {}", name));
  }

  void require_part(std::string_view device, std::string_view name) const {
    if (!zynq::is_part(device, board_.part))
      user_error("'{}' is of the part '{}', not of {}", shown(name), printable(std::string(device)),
                 board_.part);
  }

  void estimate() {
    hw::Resources sum;
    for (const StitchedNode& node : rtl_.nodes) {
      const hw::Resources estimate = hw::estimate_resources(node.layer, hw::Family::kXilinx, true);
      sum += estimate;
      results_.synthesis.layers.push_back(
          {node.node->name, "u_" + node.name, {}, resources(estimate)});
    }
    results_.synthesis.estimates = resources(sum);
  }
  static report::Resources resources(const hw::Resources& r) {
    return {r.lut, r.ff, r.bram, r.dsp};
  }
  /// Block RAMs as estimates count them: of 18 kbit.
  static report::Resources resources(const zynq::InstanceUse& use) {
    return {use.lut, use.ff, 2 * use.ramb36 + use.ramb18, use.dsp};
  }

  void look_at_bits() {
    const bool platform = zynq::is_platform(board_);
    for (const std::string_view name :
         platform ? std::vector<std::string_view>{"assay.xclbin"}
                  : std::vector<std::string_view>{"assay.bit", "assay.hwh"}) {
      const VivadoResults::File* file = results_.file(name);
      if (!file) return note_missing("bitstream", name);
      if (name == "assay.bit")
        require_part(zynq::bitfile_part(file->bytes, shown(name)), name);
      else if (name == "assay.hwh")
        zynq::require_handoff(file->bytes, shown(name));
      else
        zynq::require_xclbin(file->bytes, shown(name));
    }
    note("bitstream", Verdict::kEquivalent,
         platform ? "assay.xclbin is whole"
                  : "assay.bit is whole and of the part, and has its assay.hwh");
  }

  void look_at_utilisation() {
    constexpr const char* kName = "utilization.rpt";
    const VivadoResults::File* file = results_.file(kName);
    if (!file) return note_missing("utilization", kName);
    const zynq::UtilisationReport report = zynq::read_utilisation(file->bytes, shown(kName));
    require_part(report.device, kName);
    for (const zynq::SiteUse& site : report.sites) {
      if (site.used > site.available)
        user_error("'{}' says that {} of {} {} are used", shown(kName), site.used, site.available,
                   site.name);
      results_.synthesis.used.push_back({site.name, site.used, site.available});
    }
    note("utilization", Verdict::kEquivalent, "the design fits, as Vivado reports it");
  }

  void look_at_hierarchy() {
    constexpr const char* kName = "hierarchy.rpt";
    const VivadoResults::File* file = results_.file(kName);
    if (!file) return;
    std::map<std::string, report::Resources> instances;
    for (const zynq::InstanceUse& use : zynq::read_hierarchy(file->bytes, shown(kName)))
      instances[use.instance] = resources(use);
    const auto accelerator = instances.find(std::string(zynq::kAcceleratorCell));
    if (accelerator != instances.end()) results_.synthesis.accelerator = accelerator->second;
    for (auto& layer : results_.synthesis.layers)
      if (const auto at = instances.find(layer.instance); at != instances.end())
        layer.cells = at->second;
  }

  void look_at_timing() {
    constexpr const char* kName = "timing.rpt";
    const VivadoResults::File* file = results_.file(kName);
    if (!file) return note_missing("timing", kName);
    const zynq::TimingSummary timing = zynq::read_timing(file->bytes, shown(kName));
    require_part(timing.device, kName);
    report::Vivado::Synthesis& s = results_.synthesis;
    s.setup_ns = timing.setup_ns;
    s.hold_ns = timing.hold_ns;
    constexpr double kPeriod = 1000;  // ns at 1 MHz
    const double least = kPeriod / project_.clock_mhz - timing.setup_ns;
    if (least > 0) s.fmax_mhz = kPeriod / least;
    // A slack that is not known is none that is met.
    results_.timing_met = timing.setup_ns >= 0 && timing.hold_ns.value_or(-1) >= 0 &&
                          timing.pulse_ns.value_or(-1) >= 0 && timing.failing == 0;
    if (results_.timing_met)
      note("timing", Verdict::kEquivalent,
           fmt::format("{} MHz are met, by {} ns", project_.clock_mhz, timing.setup_ns));
    else
      note(
          "timing", Verdict::kInconclusive,
          fmt::format(
              "{} MHz are not met: the worst slack is {} ns, of hold {}, of pulse width {}, and {} "
              "endpoints fail; what the bits do at that clock is not known; build again with a "
              "lower --clock",
              project_.clock_mhz, timing.setup_ns, slack_text(timing.hold_ns),
              slack_text(timing.pulse_ns), timing.failing));
  }

  static std::string slack_text(const std::optional<double>& slack) {
    return slack ? fmt::format("{} ns", *slack) : "unknown";
  }

  void look_at_netlist() {
    if (results_.file(kCollectedNetlist))
      note("netlist", Verdict::kInconclusive,
           "it was not simulated yet: assay verify DIR --level netlist --target " +
               std::string(board_.name));
    else
      note_missing("netlist",
                   fmt::format("{}, the accelerator after implementation", kCollectedNetlist));
  }

  const fs::path folder_;
  const zynq::ProjectIdentity& project_;
  const hw::Board& board_;
  const StitchedRtl& rtl_;
  VivadoResults results_;
};

}  // namespace

const VivadoResults::File* VivadoResults::file(std::string_view name) const {
  const auto at = std::ranges::find(files, name, &File::name);
  return at == files.end() ? nullptr : &*at;
}

VivadoResults read_vivado_results(const fs::path& folder, const zynq::ProjectIdentity& project,
                                  const hw::Board& board, const StitchedRtl& rtl) {
  return Reader(folder, project, board, rtl).read();
}

}  // namespace assay
