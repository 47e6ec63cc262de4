// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compile/backend/verilog/node_rtl.h"
#include "compile/backend/verilog/stitch.h"

/// Data movers around an accelerator: rtl/assay_iodma_in.sv and rtl/assay_iodma_out.sv, which move frames
/// between memory and streams (docs/hardware.md).
namespace assay {

/// What all movers of a design have in common.
struct MoverChoice {
  int memory_bits = 64;      ///< 64, 128, 256 or 512
  int max_burst = 16;        ///< words, up to 256
  int outstanding = 4;       ///< bursts under way
  std::string content_hash;  ///< of the accelerator's RTL: SHA-256 in hexadecimal digits
};

/// One instance.
struct DataMover {
  std::string name;    ///< "idma0", "odma0"
  bool reads = true;   ///< from memory
  std::string stream;  ///< the accelerator's port: "s_axis", "m_axis_1"
  std::int64_t beat_bytes = 1, frame_beats = 1;
  MoverChoice choice;

  std::string_view module() const { return reads ? "assay_iodma_in" : "assay_iodma_out"; }
  /// Bytes of memory that a beat takes, and a transfer.
  std::int64_t slot_bytes() const;
  std::int64_t transfer_bytes(std::int64_t frames) const {
    return frames * frame_beats * slot_bytes();
  }
  /// Beats, one behind the other as tdata has them, as they lie in memory; and back.
  std::string to_memory(std::string_view beats) const;
  std::string from_memory(std::string_view bytes) const;
};

/// A port of a mover.
struct MoverSignal {
  std::string name;
  int bits = 1;
  bool input = false;  ///< of the mover
  /// A wire of its own, not a vector of one bit.
  bool is_scalar() const;
};
/// All but clk_i and rst_ni: registers, memory, interrupt, stream.
std::vector<MoverSignal> mover_signals(const DataMover& mover);
/// What its module is told, as Verilog has it: {"BeatBytes", "3"}.
std::vector<std::pair<std::string, std::string>> mover_parameters(const DataMover& mover);

/// An instance called `name` that nothing is connected to.
std::string lone_instance_text(std::string_view name, const DataMover& mover);

/// One mover per stream of the accelerator: idma0, idma1, .. of its slaves, odma0, .. of its masters.
/// UserError for a choice that the modules do not take.
std::vector<DataMover> data_movers(const StitchedRtl& rtl, const MoverChoice& choice);

struct MoversRtl {
  std::string module;
  std::vector<NodeRtl::File> files;  ///< the accelerator's, the movers' and, last, the module's own
  std::vector<DataMover> movers;
  bool weights =
      false;  ///< run-time weights: the accelerator's port s_axi_weights is one of the module
};

/// The module accelerator_with_movers: the accelerator as accelerator0 and its movers by their names; ports
/// clk_i, rst_ni, s_axi_weights where the accelerator has it, and of every mover those to registers, memory and interrupt, its name and '_' in front.
MoversRtl with_movers(const StitchedRtl& rtl, const MoverChoice& choice);

/// A simulation's view of it, a module that is called `module`, or of one mover alone, whose stream is then
/// a stream of the view: every channel is a stream, in the order of sim::axi_streams(). Registers of run-time
/// weights come behind the movers, without memory.
std::string simulated_text(const MoversRtl& rtl, const std::string& module);
std::string simulated_text(const DataMover& mover, const std::string& module);

}  // namespace assay
