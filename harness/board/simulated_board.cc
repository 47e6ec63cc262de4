// SPDX-License-Identifier: Apache-2.0
#include "harness/board/simulated_board.h"

#include <fmt/format.h>

#include <exception>

#include "compile/backend/shell/shell.h"

namespace assay::board {
namespace {

constexpr const char* kBench = "assay_board_bench";
constexpr int kTerminalBaud = 115200;  ///< which it does not look at

/// The core as a design of one input and one output stream, whose data are the serial line.
std::string bench_text() {
  return fmt::format(R"(module {} (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       in0_valid_i,
  output logic       in0_ready_o,
  input  logic [0:0] in0_data_i,
  output logic       out0_valid_o,
  input  logic       out0_ready_i,
  output logic [0:0] out0_data_o
);
  {} u_core (
    .clk_i(clk_i), .locked_i(rst_ni), .rx_i(in0_data_i[0]), .tx_o(out0_data_o[0])
  );
  logic unused_handshake;
  assign unused_handshake = in0_valid_i ^ out0_ready_i;
  assign in0_ready_o  = 1'b1;
  assign out0_valid_o = 1'b1;
endmodule
)",
                     kBench, kShellCore);
}

}  // namespace

std::vector<std::unique_ptr<Channel>> TerminalBoard::open() {
  std::vector<std::unique_ptr<Channel>> channels;
  channels.push_back(std::make_unique<FileChannel>(open_serial(port(), kTerminalBaud)));
  return channels;
}

ThreadBoard::ThreadBoard(std::unique_ptr<sim::SerialDevice> device, int clocks_per_bit)
    : device_(std::move(device)), thread_([this, clocks_per_bit] {
        try {
          for (int cycle = 0; cycle < kBoardWakingCycles; ++cycle) device_->step(true);
          sim::serve_serial(*device_, clocks_per_bit, terminal_.device.fd(), stop_);
        } catch (const std::exception& error) {
          failure_ = error.what();
          failed_ = true;
          terminal_.device = File();  // the host hears that the line is gone
        }
      }) {}

ThreadBoard::~ThreadBoard() {
  stop_ = true;
  thread_.join();
}

std::string ThreadBoard::failure() const { return failed_ ? failure_ : ""; }

RtlBoard::RtlBoard(sim::ModelCache& cache, std::vector<sim::SourceFile> sources,
                   const std::filesystem::path& data, int clocks_per_bit, std::uint64_t seed) {
  sim::ModelSpec spec;
  spec.sources = std::move(sources);
  std::erase_if(spec.sources, [](const sim::SourceFile& file) {
    return file.name == std::string(kShellTop) + ".sv";  // pads and primitives of a family
  });
  spec.sources.push_back({std::string(kBench) + ".sv", bench_text()});
  spec.designs.push_back({kBench, {1}, {1}});
  const sim::Model model = cache.get(spec);
  program_ = std::make_unique<Companion>(
      std::vector<std::string>{model.program.string(), "--serial", "0", std::to_string(seed),
                               std::to_string(clocks_per_bit)},
      data, terminal_.device.fd());
}

std::string RtlBoard::failure() const {
  if (!program_->ended()) return "";
  const std::string said = program_->output();
  return said.empty() ? "it ended without a word" : said;
}

}  // namespace assay::board
