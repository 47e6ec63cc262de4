// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/shell/shell.h"

#include <fmt/format.h>

#include <cmath>

#include "compile/backend/shell/pll.h"
#include "compile/backend/verilog/rtl_library.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

constexpr std::size_t kHashDigits = 64;
constexpr double kMostBaudError = 0.02;
constexpr int kLeastClocks = 4;

std::string shell_instance(const ShellSpec& spec) {
  const ShellAccelerator& a = spec.accelerator;
  return fmt::format(R"(  assay_shell #(
    .ClocksPerBit({}), .ContentHash(256'h{}),
    .ClockHz(32'd{}), .InBytes({}), .OutBytes({}), .InBeats(32'd{}), .OutBeats(32'd{}),
    .RingBytes({})
  ) u_shell (
    .clk_i(clk_i), .rst_ni(awake), .rx_i(rx_i), .tx_o(tx_o), .acc_rst_no(acc_rst_n),
    .out_valid_o(in_valid), .out_ready_i(in_ready), .out_data_o(in_data),
    .in_valid_i(out_valid), .in_ready_o(out_ready), .in_data_i(out_data), .in_last_i(out_last)
  );
)",
                     spec.clocks_per_bit, spec.content_hash,
                     std::llround(spec.board.clock_mhz * 1e6), a.in_bytes, a.out_bytes, a.in_beats,
                     a.out_beats, kShellRing);
}

std::string accelerator_instance(const ShellAccelerator& a) {
  const UnusedWeightPort weights = a.weights ? unused_weight_port() : UnusedWeightPort{};
  return fmt::format(R"({3}  {0} u_accelerator (
    .clk_i(clk_i), .rst_ni(acc_rst_n),
    .{1}_tvalid(in_valid), .{1}_tready(in_ready), .{1}_tdata(in_data), .{1}_tlast(1'b0),
    .{2}_tvalid(out_valid), .{2}_tready(out_ready), .{2}_tdata(out_data), .{2}_tlast(out_last){4}
  );
)",
                     a.module, a.slave, a.master, weights.wires, weights.pins);
}

std::string core_text(const ShellSpec& spec) {
  return fmt::format(R"(module {} (
  input  logic clk_i,
  input  logic locked_i,  // low: everything is reset

  input  logic rx_i,
  output logic tx_o
);
  // A device wakes up with zeros here, and a few cycles later everything leaves its reset.
  logic [4:0] waking = '0;
  logic       awake;

  always_ff @(posedge clk_i) begin
    if (!locked_i)   waking <= '0;
    else if (!awake) waking <= waking + 5'd1;
  end
  assign awake = waking[4];

  logic acc_rst_n, in_valid, in_ready, out_valid, out_ready, out_last;
  logic [{}:0] in_data;
  logic [{}:0] out_data;

{}
{}endmodule
)",
                     kShellCore, spec.accelerator.in_bytes * 8 - 1,
                     spec.accelerator.out_bytes * 8 - 1, shell_instance(spec),
                     accelerator_instance(spec.accelerator));
}

std::string board_text(const ShellBoard& board) {
  return fmt::format(R"(// Board {}.
module {} (
  input  logic clk_i,
  input  logic rx_i,
  output logic tx_o
);
  logic clock, locked;

{}
  {} u_core (
    .clk_i(clock), .locked_i(locked), .rx_i(rx_i), .tx_o(tx_o)
  );
endmodule
)",
                     printable(board.name), kShellTop, pll_text(board), kShellCore);
}

}  // namespace

ShellAccelerator shell_accelerator(const StitchedRtl& rtl) {
  if (rtl.slaves.size() != 1 || rtl.masters.size() != 1)
    user_error(
        "'{}' has {} input and {} output streams; a board moves one of each: embed the weights, "
        "and "
        "end the network in one output",
        rtl.module, rtl.slaves.size(), rtl.masters.size());
  const StitchedPort &in = rtl.slaves[0], &out = rtl.masters[0];
  return {rtl.module,
          in.prefix,
          out.prefix,
          in.tdata_bits() / 8,
          out.tdata_bits() / 8,
          rtl.streams.at(in.stream).stream.beats,
          rtl.streams.at(out.stream).stream.beats,
          !rtl.stores.empty()};
}

int clocks_per_bit(double clock_mhz, int baud) {
  if (baud < 1) user_error("{} baud is no rate of a serial line", baud);
  const double exact = clock_mhz * 1e6 / baud, rounded = std::round(exact);
  if (rounded < kLeastClocks || rounded > 1e6 || std::abs(rounded - exact) > kMostBaudError * exact)
    user_error(
        "a clock of {} MHz cannot make {} baud; at most {:.0f} baud, and a divisor of the "
        "clock",
        clock_mhz, baud, clock_mhz * 1e6 / kLeastClocks);
  return static_cast<int>(rounded);
}

std::vector<NodeRtl::File> shell_rtl(const ShellSpec& spec) {
  if (spec.content_hash.size() != kHashDigits ||
      spec.content_hash.find_first_not_of("0123456789abcdef") != std::string::npos)
    user_error("'{}' is no SHA-256 in 64 hexadecimal digits", printable(spec.content_hash));
  std::vector<NodeRtl::File> files;
  for (const RtlFile& file : rtl_sources("assay_shell"))
    files.push_back({std::string(file.name), std::string(file.text)});
  files.push_back({std::string(kShellCore) + ".sv", core_text(spec)});
  files.push_back({std::string(kShellTop) + ".sv", board_text(spec.board)});
  return files;
}

std::string shell_pcf(const ShellBoard& board) {
  return fmt::format("set_io {} {}\nset_io {} {}\nset_io {} {}\n", kShellClock, board.clock_pin,
                     kShellReceive, board.receive_pin, kShellSend, board.send_pin);
}

std::string shell_lpf(const ShellBoard& board) {
  std::string text = fmt::format("FREQUENCY PORT \"{}\" {} MHZ;\n", kShellClock, board.pad_mhz);
  for (const auto& [port, pin] : {std::pair{kShellClock, board.clock_pin},
                                  {kShellReceive, board.receive_pin},
                                  {kShellSend, board.send_pin}})
    text += fmt::format("LOCATE COMP \"{0}\" SITE \"{1}\";\nIOBUF PORT \"{0}\" IO_TYPE=LVCMOS33;\n",
                        port, pin);
  return text;
}

}  // namespace assay
