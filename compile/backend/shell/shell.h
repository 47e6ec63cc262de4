// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/verilog/stitch.h"

/// The design around an accelerator on a board: clock, reset, and a serial line to the host.
namespace assay {

/// What the shell must know of a board.
struct ShellBoard {
  enum class Pll : std::uint8_t { kNone, kIce40, kIce40Pad, kEcp5 };
  std::string name;       ///< "icebreaker"
  double pad_mhz = 12;    ///< of the oscillator
  double clock_mhz = 12;  ///< of the design; pad_mhz without a PLL
  Pll pll = Pll::kNone;  ///< what makes the one of the other; kIce40Pad: one on the clock's own pad
  std::string clock_pin, receive_pin, send_pin;  ///< receive: from the host
};

/// An accelerator with one input and one output stream, module ports as stitch() makes them.
struct ShellAccelerator {
  std::string module;
  std::string slave = "s_axis", master = "m_axis";
  std::int64_t in_bytes = 1, out_bytes = 1;  ///< of a beat
  std::int64_t in_beats = 1, out_beats = 1;  ///< of a frame
  bool weights = false;                      ///< has s_axi_weights, which nobody uses here
};
/// UserError for one with more streams.
ShellAccelerator shell_accelerator(const StitchedRtl& rtl);

struct ShellSpec {
  ShellBoard board;
  ShellAccelerator accelerator;
  std::string content_hash;  ///< SHA-256 in hexadecimal digits
  int clocks_per_bit = 104;  ///< of the serial line, see clocks_per_bit()
};

/// Bytes of input that the shell holds for the accelerator.
inline constexpr int kShellRing = 512;
inline constexpr std::string_view kShellCore = "assay_board_core", kShellTop = "assay_board";
/// The pads of the top: its clock, what it hears, and what it says.
inline constexpr std::string_view kShellClock = "clk_i", kShellReceive = "rx_i",
                                  kShellSend = "tx_o";
/// Where the accelerator is in the top.
inline constexpr std::string_view kShellPath = "u_core.u_accelerator.";

/// Cycles of a bit at a rate in bits per second. UserError when the rate is too high for the clock or
/// misses by more than 2 %.
int clocks_per_bit(double clock_mhz, int baud);

/// The library's modules that the shell needs, assay_board_core.sv and, last, assay_board.sv. The core
/// has the pads of the top as ports, and locked_i (low: everything is reset); it wakes up in its reset.
/// The top has the PLL. UserError for a hash that is none, or clocks that the PLL
/// cannot make.
std::vector<NodeRtl::File> shell_rtl(const ShellSpec& spec);

/// Where the pads of the top are: a .pcf for iCE40, an .lpf for ECP5.
std::string shell_pcf(const ShellBoard& board);
std::string shell_lpf(const ShellBoard& board);

}  // namespace assay
