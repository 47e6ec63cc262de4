// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/vivado.h"

namespace assay::report {

/// `assay inspect DIR`: what was generated of a run, and how far it is verified.
struct Inspect {
  static constexpr std::string_view kSchema = "assay.inspect/1";
  /// Files of a folder, without those of folders that have a line of their own.
  struct Folder {
    std::string folder;
    std::int64_t files = 0, bytes = 0;
    void fields(Fields& f);
  };
  /// An AXI4-Stream of an accelerator.
  struct Interface {
    std::string port;       ///< "s_axis"
    std::string direction;  ///< "in", "out"
    std::string tensor, dtype;
    std::int64_t lanes = 0, data_bits = 0, tdata_bits = 0, beats = 0;  ///< beats: of a frame
    void fields(Fields& f);
  };
  struct Partition {
    std::int64_t partition = 0, layers = 0;
    std::vector<Interface> interfaces;
    std::string unknown;  ///< why there are none; empty: there are
    std::optional<Resources> estimates;
    std::optional<std::int64_t> interval;  ///< cycles a frame, as rtl-top measured them
    void fields(Fields& f);
  };
  struct Register {
    std::string name;
    std::int64_t offset = 0;
    std::string access, meaning;
    void fields(Fields& f);
  };
  /// What was made for a part or board.
  struct Target {
    std::string name, part;
    double clock_mhz = 0;               ///< that was asked for
    std::optional<double> fmax_mhz;     ///< that was reached
    std::vector<Vivado::Mover> movers;  ///< where they are known by addresses
    std::optional<Resources> estimates,
        synthesised;  ///< of the accelerator, of open tools of the whole
    std::optional<File> bitstream;
    void fields(Fields& f);
  };
  struct Level {
    std::string level;                   ///< "stages", "rtl-top", "netlist of Pynq-Z1"
    std::optional<std::string> verdict;  ///< nothing: not verified
    std::string reason;                  ///< counts, or why not
    void fields(Fields& f);
  };
  std::vector<Folder> folders;
  std::vector<Partition> partitions;
  std::vector<Register> registers;  ///< of a data mover, where there is one
  std::vector<Target> targets;
  Named<std::string> hashes;
  std::vector<Level> levels;
  std::vector<std::string> faults;  ///< what was changed since
  void fields(Fields& f);
};

}  // namespace assay::report
