// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/built_design.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/backend/ecp5/extract.h"
#include "compile/backend/fpga/parts.h"
#include "compile/backend/fpga/tools.h"
#include "compile/backend/ice40/bitfile.h"
#include "compile/backend/ice40/chipdb.h"
#include "compile/backend/ice40/extract.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/netlist/yosys_json.h"
#include "harness/report/checksum.h"
#include "harness/report/schema.h"
#include "harness/run/rtl_manifest.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class BuiltReader {
 public:
  BuiltReader(const RtlSession& session, const std::string& target)
      : dir_(session.dir.path()), target_(target), build_(read_report(session)) {}

  BuiltDesign read(BitsLevel level) const {
    const auto netlist_file = file_of("netlist", ".json");
    const std::string netlist_text = bytes_of(netlist_file);
    netlist::Netlist netlist = netlist::read_yosys_json(netlist_text, build_.design, part().family,
                                                        printable(netlist_file.file));
    simplify(netlist);
    if (level == BitsLevel::kNetlist) return {build_, netlist_file, std::move(netlist), {}};
    const bool ice40 = part().family == netlist::Family::kIce40;
    const report::File bits_file = file_of("bitstream", ice40 ? ".bin" : ".bit");
    netlist::Netlist bits = ice40 ? from_ice40(bits_file) : from_ecp5(bits_file);
    verify(bits);
    simplify(bits);
    return {build_, bits_file, std::move(bits), std::move(netlist)};
  }

 private:
  report::Build read_report(const RtlSession& session) const {
    const fs::path file =
        dir_ / "reports" / fmt::format("build-{}.json", fpga::find_target(target_).name);
    if (!fs::exists(file))
      user_error("nothing was built for '{}'; build it: assay build {} --target {}",
                 printable(target_), printable(dir_.string(), 4096), printable(target_));
    report::Build build;
    assay::read_report(assay::read_file(file), report::Build::kSchema,
                       printable(file.string(), 4096), build);
    if (!is_sealed(build))
      user_error("'{}' was edited; build it again", printable(file.string(), 4096));
    const auto refuse = [&](const char* what) {
      user_error("'{}' was built from {}; build it again: assay build {} --target {}",
                 printable(target_), what, printable(dir_.string(), 4096), printable(target_));
    };
    if (build.stage_sha256 != session.stage().sha256) refuse("another stage");
    if (build.rtl_sha256 != rtl_sha256(rtl_files(dir_, "rtl-top")))
      refuse("other RTL than lies in rtl/top now");
    return build;
  }

  const fpga::Part& part() const { return *fpga::find_target(target_).part; }

  report::File file_of(std::string_view step, std::string_view ending) const {
    for (const report::Build::Step& s : build_.steps)
      if (s.step == step)
        for (const report::File& file : s.files)
          if (file.file.ends_with(ending)) return file;
    user_error("'{}' has no {}; build it: assay build {} --target {}", printable(target_), step,
               printable(dir_.string(), 4096), printable(target_));
  }

  std::string bytes_of(const report::File& file) const {
    std::string bytes = read_file(dir_ / file.file);
    if (sha256(bytes) != file.sha256)
      user_error("'{}' is not what the build left there; build it again",
                 printable((dir_ / file.file).string(), 4096));
    return bytes;
  }

  netlist::Netlist from_ice40(const report::File& file) const {
    const report::File pins = file_of("routed", ".pcf");
    const std::string bits = bytes_of(file), constraints = bytes_of(pins);
    const std::string bits_name = printable(file.file), pins_name = printable(pins.file);
    const fs::path chipdb =
        fpga::icestorm_chipdb() /
        ice40::chipdb_file_name(ice40::read_bitfile(bits, bits_name).layout().device);
    const std::string database = assay::read_file(chipdb), database_name = chipdb.string();
    netlist::Netlist netlist = ice40::extract_ice40({bits, bits_name, database, database_name,
                                                     constraints, pins_name, part().package})
                                   .netlist;
    netlist.name = build_.design;
    return netlist;
  }

  netlist::Netlist from_ecp5(const report::File& file) const {
    const report::File pins = file_of("routed", ".lpf");
    const std::string name = printable(file.file);
    return ecp5::extract(ecp5::read_bitfile(bytes_of(file), name),
                         {name, fpga::trellis_database(), part().package, build_.design,
                          ecp5::read_lpf(bytes_of(pins), printable(pins.file))});
  }

  const fs::path dir_;
  const std::string target_;
  const report::Build build_;
};

}  // namespace

std::string_view bits_level_name(BitsLevel level) {
  return level == BitsLevel::kNetlist ? "netlist" : "bitstream";
}

BuiltDesign read_built(const RtlSession& session, const std::string& target, BitsLevel level) {
  return BuiltReader(session, target).read(level);
}

}  // namespace assay
