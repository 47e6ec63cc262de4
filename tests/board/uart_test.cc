// SPDX-License-Identifier: Apache-2.0
// The serial line by itself: levels in, bytes out, and bytes through sender and receiver.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/temp_dir.h"
#include "board/toy.h"
#include "compile/backend/verilog/rtl_library.h"
#include "compile/base/file.h"
#include "sim/bench/job.h"

namespace assay::board::test {
namespace {

/// A level a cycle in; out the bytes, those with a missing stop bit as 1xx hex.
constexpr const char* kListener = R"(module listener_{0} (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       in0_valid_i,
  output logic       in0_ready_o,
  input  logic [0:0] in0_data_i,
  output logic       out0_valid_o,
  input  logic       out0_ready_i,
  output logic [8:0] out0_data_o
);
  logic       valid, bad;
  logic [7:0] data;
  assign in0_ready_o = 1'b1;
  assay_uart_rx #(.ClocksPerBit({0})) u_rx (
    .clk_i(clk_i), .rst_ni(rst_ni), .rx_i(!in0_valid_i || in0_data_i[0]),
    .valid_o(valid), .bad_o(bad), .data_o(data)
  );
  assay_fifo #(.Bits(9), .Depth(64)) u_fifo (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(valid), .in_ready_o(unused_ready), .in_data_i({{bad, data}}),
    .out_valid_o(out0_valid_o), .out_ready_i(out0_ready_i), .out_data_o(out0_data_o)
  );
  logic unused_ready;
endmodule
)";

/// Bytes in and, by way of a line, out.
constexpr const char* kLoop = R"(module loop_{0} (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       in0_valid_i,
  output logic       in0_ready_o,
  input  logic [7:0] in0_data_i,
  output logic       out0_valid_o,
  input  logic       out0_ready_i,
  output logic [7:0] out0_data_o
);
  logic       valid, unused_bad, unused_ready, line;
  logic [7:0] data;
  assay_uart_tx #(.ClocksPerBit({0})) u_tx (
    .clk_i(clk_i), .rst_ni(rst_ni), .in_valid_i(in0_valid_i), .in_ready_o(in0_ready_o),
    .in_data_i(in0_data_i), .tx_o(line)
  );
  assay_uart_rx #(.ClocksPerBit({0})) u_rx (
    .clk_i(clk_i), .rst_ni(rst_ni), .rx_i(line),
    .valid_o(valid), .bad_o(unused_bad), .data_o(data)
  );
  assay_fifo #(.Bits(8), .Depth(512)) u_fifo (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .in_valid_i(valid), .in_ready_o(unused_ready), .in_data_i(data),
    .out_valid_o(out0_valid_o), .out_ready_i(out0_ready_i), .out_data_o(out0_data_o)
  );
endmodule
)";

const std::vector<int> kRates = {4, 5, 16};

sim::Model uart_model() {
  sim::ModelSpec spec;
  for (const char* module : {"assay_uart_rx", "assay_uart_tx", "assay_fifo"})
    for (const RtlFile& file : rtl_sources(module)) {
      const std::string name(file.name);
      if (std::ranges::find(spec.sources, name, &sim::SourceFile::name) == spec.sources.end())
        spec.sources.push_back({name, std::string(file.text)});
    }
  for (const int rate : kRates) {
    spec.sources.push_back(
        {fmt::format("listener_{}.sv", rate), fmt::format(fmt::runtime(kListener), rate)});
    spec.designs.push_back({fmt::format("listener_{}", rate), {1}, {9}});
    spec.sources.push_back(
        {fmt::format("loop_{}.sv", rate), fmt::format(fmt::runtime(kLoop), rate)});
    spec.designs.push_back({fmt::format("loop_{}", rate), {8}, {8}});
  }
  return model_cache().get(spec);
}

sim::Result run(int dut, const std::string& in, int in_bits, const std::string& out, int out_bits,
                sim::Profile profile) {
  const TempDir folder;
  write_file(folder.path() / "in", in);
  write_file(folder.path() / "out", out);
  sim::JobFile job;
  job.dut = dut;
  job.job.profile = profile;
  const auto beats = [](const std::string& bytes, int bits) {
    return std::ssize(bytes) / ((bits + 7) / 8);
  };
  return sim::run_model(uart_model(), job,
                        {{{(folder.path() / "in").string(), in_bits, beats(in, in_bits)}},
                         {{(folder.path() / "out").string(), out_bits, beats(out, out_bits)}}},
                        folder.path(), folder.path(), "run");
}

/// The levels of a byte whose bits have `clocks` cycles, a fraction too.
std::string levels(std::uint8_t byte, double clocks, bool stop = true) {
  const unsigned bits = (stop ? 0x200U : 0U) | static_cast<unsigned>(byte) << 1;
  std::string line;
  for (int bit = 0; bit < 10; ++bit)
    while (std::ssize(line) < static_cast<std::int64_t>((bit + 1) * clocks + 0.5))
      line += static_cast<char>(bits >> bit & 1U);
  return line;
}

std::string word(int value) {
  return {static_cast<char>(value & 0xff), static_cast<char>(value >> 8)};
}

void expect_heard(int rate_index, const std::string& line, const std::string& out) {
  const sim::Result r = run(2 * rate_index, std::string(20, '\1') + line + std::string(20, '\1'), 1,
                            out, 9, sim::Profile::kAlways);
  EXPECT_EQ(r.stuck, "");
  EXPECT_EQ(r.compared, std::ssize(out) / 2);
  EXPECT_EQ(r.differing, 0);
  EXPECT_TRUE(r.violations.empty());
}

TEST(Uart, HearsBytesBackToBackAtAnyRate) {
  for (int i = 0; i < std::ssize(kRates); ++i) {
    std::string line, out;
    for (const int byte : {0x00, 0xff, 0x55, 0xaa, 0x01, 0x80, 0x7e}) {
      line += levels(static_cast<std::uint8_t>(byte), kRates[static_cast<std::size_t>(i)]);
      out += word(byte);
    }
    expect_heard(i, line, out);
  }
}

TEST(Uart, HearsARateThatIsThreePercentOff) {
  for (const double clocks : {15.5, 16.5}) {
    std::string line, out;
    for (int byte = 0; byte < 40; ++byte) {
      line += levels(static_cast<std::uint8_t>(byte * 37), clocks);
      out += word(byte * 37 & 0xff);
    }
    expect_heard(2, line, out);
  }
}

TEST(Uart, TellsAMissingStopBitAndWaitsForTheLine) {
  // 0xff without a stop bit, the line low for long, a spike while idle, then a byte.
  const std::string low(400, '\0'), high(40, '\1'), spike(3, '\0');
  expect_heard(2, levels(0xff, 16, false) + low + high + spike + high + levels(0x3c, 16),
               word(0x1ff) + word(0x3c));
}

TEST(Uart, SendsWhatItHears) {
  std::mt19937_64 random(5);
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes += static_cast<char>(random());
  for (int i = 0; i < std::ssize(kRates); ++i)
    for (int p = 0; p < sim::kProfiles; ++p) {
      const sim::Result r = run(2 * i + 1, bytes, 8, bytes, 8, static_cast<sim::Profile>(p));
      EXPECT_EQ(r.stuck, "");
      EXPECT_EQ(r.compared, std::ssize(bytes));
      EXPECT_EQ(r.differing, 0);
    }
}

TEST(Uart, SendsByteBehindByte) {
  const std::string bytes(100, 'U');
  const sim::Result r = run(1, bytes, 8, bytes, 8, sim::Profile::kAlways);
  EXPECT_LE(r.cycles, 100 * 10 * kRates[0] + 20);
}

}  // namespace
}  // namespace assay::board::test
