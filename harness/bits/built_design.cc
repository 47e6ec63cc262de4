// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/built_design.h"

#include "compile/backend/ecp5/extract.h"
#include "compile/backend/fpga/parts.h"
#include "compile/backend/fpga/pins.h"
#include "compile/backend/fpga/tools.h"
#include "compile/backend/ice40/bitfile.h"
#include "compile/backend/ice40/chipdb.h"
#include "compile/backend/ice40/extract.h"
#include "compile/backend/shell/pll.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/netlist/yosys_json.h"
#include "harness/build/build.h"
#include "harness/build/build_source.h"
#include "harness/build/place_route.h"
#include "harness/build/saved_build.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class BuiltReader {
 public:
  BuiltReader(const RtlSession& session, const std::string& target)
      : dir_(session.dir.path()),
        target_(fpga::find_target(target)),
        part_(*target_.part),
        files_(build_files(part_.family)),
        build_(build_of(session, target)) {}

  BuiltDesign read(BitsLevel level) const {
    const BuiltFile json = file(files_.netlist);
    netlist::Netlist netlist = from_yosys(json);
    require_clock(netlist, json.file.file);
    if (level == BitsLevel::kNetlist) {
      const BuiltFile gates = file(files_.gates);
      return {build_, json.file, std::move(netlist), gates.file, from_yosys(gates)};
    }
    if (!part_.has_bitstreams())
      user_error(
          "no open tools make a bitstream of '{}'; its netlist can be simulated: --level netlist",
          part_.name);
    const bool ice40 = part_.family == netlist::Family::kIce40;
    const BuiltFile bitstream = file(files_.bitstream);
    netlist::Netlist bits = ice40 ? from_ice40(bitstream) : from_ecp5(bitstream);
    verify(bits);
    require_driven(bits);
    simplify(bits);
    return {build_, bitstream.file, std::move(bits), json.file, std::move(netlist)};
  }

 private:
  static report::Build build_of(const RtlSession& session, const std::string& target) {
    report::Build build = read_build(session.dir.path(), target);
    // By what the target is, not by what the report says.
    const bool board = fpga::find_target(target).board != nullptr;
    if (build.design != (board ? std::string(kShellTop) : kAccelerator))
      user_error("the report on the build for '{}' was edited; build it again", printable(target));
    if (build.stage_sha256 != session.stage().sha256)
      user_error("'{}' was built from another stage; build it again: assay build {} --target {}",
                 printable(target), printable(session.dir.path().string(), 4096),
                 printable(target));
    return build;
  }

  netlist::Netlist from_yosys(const BuiltFile& json) const {
    netlist::Netlist netlist = netlist::read_yosys_json(json.bytes, build_.design, part_.family,
                                                        printable(json.file.file));
    simplify(netlist);
    return netlist;
  }

  BuiltFile file(const std::string& name) const { return read_built_file(dir_, build_, name); }

  BuildSource source() const { return built_source(dir_, target_.name, build_); }

  /// How fast a board's clock is, no simulation shows: its PLL has to be told what the board asks for.
  void require_clock(const netlist::Netlist& netlist, const std::string& file) const {
    std::vector<netlist::ClockMaker> makers;
    if (target_.board != nullptr)
      if (const ShellBoard board = source().shell.value(); board.pll != ShellBoard::Pll::kNone)
        makers.push_back({pll_cell(board), pll_settings(board)});
    if (netlist.clock_makers != makers)
      user_error("the clock of '{}' is not made as '{}' is built; build it again", printable(file),
                 printable(target_.name));
  }

  /// What the ports' pins are is decided here, not by the file that place and route left.
  BuiltFile pins_file() const {
    BuiltFile pins = file(files_.constraints);
    if (pins.bytes != source().constraints())
      user_error("'{}' is not what '{}' is built with; build it again", printable(pins.file.file),
                 printable(target_.name));
    return pins;
  }

  [[noreturn]] void of_another_part(const std::string& file) const {
    user_error("'{}' is of another part than {}", file, part_.name);
  }

  netlist::Netlist from_ice40(const BuiltFile& bitstream) const {
    const BuiltFile pins = pins_file();
    const std::string name = printable(bitstream.file.file), pins_name = printable(pins.file.file);
    const std::string file =
        ice40::chipdb_file_name(ice40::read_bitfile(bitstream.bytes, name).layout().device);
    if (file != fpga::database_name(part_)) of_another_part(name);
    const fs::path chipdb = fpga::icestorm_chipdb() / file;
    const std::string database = read_file(chipdb), database_name = chipdb.string();
    netlist::Netlist netlist = ice40::extract_ice40({bitstream.bytes, name, database, database_name,
                                                     pins.bytes, pins_name, part_.package})
                                   .netlist;
    netlist.name = build_.design;
    return netlist;
  }

  netlist::Netlist from_ecp5(const BuiltFile& bitstream) const {
    const BuiltFile pins = pins_file();
    const std::string name = printable(bitstream.file.file);
    const ecp5::Bitfile bits = ecp5::read_bitfile(bitstream.bytes, name);
    if (bits.device->name != fpga::database_name(part_)) of_another_part(name);
    return ecp5::extract(bits, {name, fpga::trellis_database(), part_.package, build_.design,
                                ecp5::read_lpf(pins.bytes, printable(pins.file.file))});
  }

  const fs::path dir_;
  const fpga::Target target_;
  const fpga::Part& part_;
  const BuildFiles files_;
  const report::Build build_;
};

}  // namespace

std::string_view bits_level_name(BitsLevel level) {
  return level == BitsLevel::kNetlist ? "netlist" : "bitstream";
}

std::optional<BitsLevel> find_bits_level(std::string_view name) {
  for (const BitsLevel level : {BitsLevel::kNetlist, BitsLevel::kBitstream})
    if (name == bits_level_name(level)) return level;
  return {};
}

BuiltDesign read_built(const RtlSession& session, const std::string& target, BitsLevel level) {
  return BuiltReader(session, target).read(level);
}

BuildSource built_source(const std::filesystem::path& dir, const std::string& target,
                         const report::Build& build) {
  return {dir, fpga::find_target(target), build.clock_mhz, build.baud.value_or(kBuildBaud)};
}

}  // namespace assay
