// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compile/backend/shell/shell.h"
#include "harness/board/link.h"
#include "harness/board/simulated_board.h"

/// An accelerator that remembers everything it was ever given, in RTL and as a model.
namespace assay::board::test {

constexpr std::int64_t kToyIn = 2, kToyOut = 3, kToyInBeats = 70, kToyOutBeats = 3;
constexpr std::int64_t kToyFrame = kToyIn * kToyInBeats, kToyResult = kToyOut * kToyOutBeats;
inline const std::string kToyHash =
    "00112233445566778899aabbccddeeff7e7d7e7d5e5d0000ffffffff12345678";

inline std::string toy_text() {
  return fmt::format(R"(module toy (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        s_axis_tvalid,
  output logic        s_axis_tready,
  input  logic [15:0] s_axis_tdata,
  input  logic        s_axis_tlast,
  output logic        m_axis_tvalid,
  input  logic        m_axis_tready,
  output logic [23:0] m_axis_tdata,
  output logic        m_axis_tlast
);
  // It takes and gives at odd times, and stands still for long stretches.
  logic [11:0] noise;
  logic [7:0]  beat;
  logic [1:0]  left;  // beats to give
  logic [15:0] sum;
  logic        unused_last;
  assign unused_last   = s_axis_tlast;
  assign s_axis_tready = left == '0 && !m_axis_tvalid && noise[0] && noise[11:7] != 5'd9;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      noise         <= 12'h5a1;
      beat          <= '0;
      left          <= '0;
      sum           <= 16'h1234;
      m_axis_tvalid <= 1'b0;
      m_axis_tdata  <= '0;
      m_axis_tlast  <= 1'b0;
    end else begin
      noise <= {{noise[10:0], noise[11] ^ noise[5] ^ noise[3] ^ noise[0]}};
      if (s_axis_tvalid && s_axis_tready) begin
        sum  <= {{sum[12:0], sum[15:13]}} + s_axis_tdata + 16'd1;
        beat <= beat == 8'd{0} ? '0 : beat + 8'd1;
        if (beat == 8'd{0}) left <= 2'd{1};
      end
      if (m_axis_tvalid && m_axis_tready) m_axis_tvalid <= 1'b0;
      if (left != '0 && !m_axis_tvalid && noise[1]) begin
        m_axis_tvalid <= 1'b1;
        m_axis_tdata  <= {{6'd0, left, sum ^ {{8{{left}}}}}};
        m_axis_tlast  <= left == 2'd1;
        left          <= left - 2'd1;
      end
    end
  end
endmodule
)",
                     kToyInBeats - 1, kToyOutBeats);
}

/// The same in C++: from its reset on.
class ToyModel {
 public:
  std::string frame(std::string_view in) {
    for (std::size_t i = 0; i < in.size(); i += 2) {
      const unsigned beat = static_cast<std::uint8_t>(in[i]) |
                            static_cast<unsigned>(static_cast<std::uint8_t>(in[i + 1])) << 8;
      sum_ = ((sum_ << 3 | sum_ >> 13) + beat + 1) & 0xffffU;
    }
    std::string out;
    for (unsigned left = kToyOutBeats; left > 0; --left) {
      const unsigned word = sum_ ^ left * 0x5555U;
      out +=
          {static_cast<char>(word & 0xffU), static_cast<char>(word >> 8), static_cast<char>(left)};
    }
    return out;
  }

 private:
  unsigned sum_ = 0x1234;
};

inline ShellSpec toy_spec(int clocks_per_bit) {
  ShellSpec spec;
  spec.board.name = "toy";
  spec.accelerator = {.module = "toy",
                      .in_bytes = kToyIn,
                      .out_bytes = kToyOut,
                      .in_beats = kToyInBeats,
                      .out_beats = kToyOutBeats};
  spec.content_hash = kToyHash;
  spec.clocks_per_bit = clocks_per_bit;
  return spec;
}

inline std::vector<sim::SourceFile> toy_sources(int clocks_per_bit) {
  std::vector<sim::SourceFile> sources = {{"toy.sv", toy_text()}};
  for (const NodeRtl::File& file : shell_rtl(toy_spec(clocks_per_bit)))
    sources.push_back({file.name, file.text});
  return sources;
}

/// Simulation programs stay between test runs, beside the test program.
inline sim::ModelCache& model_cache() {
  static sim::ModelCache instance(std::filesystem::read_symlink("/proc/self/exe").parent_path() /
                                  "models");
  return instance;
}

constexpr int kToyClocks = 4;

/// The toy on its board, and a line to it on which nothing was thrown away.
struct ToyBoard {
  explicit ToyBoard(int clocks_per_bit = kToyClocks, std::uint64_t seed = 1)
      : board(model_cache(), toy_sources(clocks_per_bit), "/", clocks_per_bit, seed),
        port(::open(board.port().c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)),
        channel(File(::dup(port.fd()))),
        line(channel) {}
  RtlBoard board;
  File port;
  FileChannel channel;
  Line line;

  std::optional<Packet> next(int milliseconds = 20000) {
    return line.receive(Line::Clock::now() + std::chrono::milliseconds(milliseconds));
  }
};

}  // namespace assay::board::test
