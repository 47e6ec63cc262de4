// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/movers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "compile/backend/verilog/rtl_library.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

constexpr std::size_t kMoverHashDigits = 64;
constexpr int kAddressBits = 64;
constexpr const char* kWithMovers = "accelerator_with_movers";

/// Signals of a channel behind valid and ready, in the order of its data.
struct MoverChannel {
  std::string prefix;  ///< "s_axi_control_aw"
  bool input = false;  ///< valid and the signals are inputs of the mover
  std::vector<MoverSignal> payload;

  std::vector<MoverSignal> signals() const {
    std::vector<MoverSignal> all = {{"valid", 1, input}, {"ready", 1, !input}};
    for (MoverSignal s : payload) {
      s.input = input;
      all.push_back(std::move(s));
    }
    for (MoverSignal& s : all) s.name = prefix + s.name;
    return all;
  }
  int bits() const {
    int sum = 0;
    for (const MoverSignal& s : payload) sum += s.bits;
    return sum;
  }
};

MoverChannel address_channel(const std::string& prefix) {
  return {
      prefix,
      false,
      {{"addr", kAddressBits}, {"len", 8}, {"size", 3}, {"burst", 2}, {"cache", 4}, {"prot", 3}}};
}

std::vector<MoverChannel> register_channels(const std::string& port, int address_bits) {
  return {{port + "aw", true, {{"addr", address_bits}}},
          {port + "w", true, {{"data", 32}, {"strb", 4}}},
          {port + "ar", true, {{"addr", address_bits}}},
          {port + "b", false, {{"resp", 2}}},
          {port + "r", false, {{"data", 32}, {"resp", 2}}}};
}

std::vector<MoverChannel> channels(const DataMover& mover) {
  const int bits = mover.choice.memory_bits;
  const std::string memory = "m_axi_gmem_";
  std::vector<MoverChannel> all = register_channels("s_axi_control_", 7);
  if (mover.reads) {
    all.push_back(address_channel(memory + "ar"));
    all.push_back({memory + "r", true, {{"data", bits}, {"resp", 2}, {"last", 1}}});
  } else {
    all.push_back(address_channel(memory + "aw"));
    all.push_back({memory + "w", false, {{"data", bits}, {"strb", bits / 8}, {"last", 1}}});
    all.push_back({memory + "b", true, {{"resp", 2}}});
  }
  return all;
}

MoverChannel stream_channel(const DataMover& mover) {
  return {mover.reads ? "m_axis_t" : "s_axis_t",
          !mover.reads,
          {{"data", static_cast<int>(mover.beat_bytes * 8)}, {"last", 1}}};
}

/// All signals between a mover and the outside of the design.
std::vector<MoverSignal> edge(const DataMover& mover) {
  std::vector<MoverSignal> all;
  for (const MoverChannel& channel : channels(mover))
    for (MoverSignal& signal : channel.signals()) all.push_back(std::move(signal));
  all.push_back({"interrupt_o", 1, false});
  return all;
}

std::string range_of(const MoverSignal& signal) {
  return signal.is_scalar() ? "" : fmt::format("[{}:0] ", signal.bits - 1);
}

std::string parameters(const DataMover& mover) {
  std::string text;
  for (const auto& [name, value] : mover_parameters(mover))
    text += fmt::format("{}    .{}({})", text.empty() ? "" : ",\n", name, value);
  return text + "\n";
}

std::string mover_instance(const DataMover& mover) {
  std::string text = fmt::format("\n  {} #(\n{}  ) {} (\n    .clk_i(clk_i),\n    .rst_ni(rst_ni)",
                                 mover.module(), parameters(mover), mover.name);
  for (const MoverSignal& s : edge(mover))
    text += fmt::format(",\n    .{0}({1}_{0})", s.name, mover.name);
  for (const MoverSignal& s : stream_channel(mover).signals())
    text += fmt::format(",\n    .{}({}_{})", s.name, mover.name, s.name.substr(2));
  return text + "\n  );\n";
}

std::string with_movers_text(const StitchedRtl& rtl, const std::vector<DataMover>& movers) {
  std::string ports, wires, instances, pins;
  for (const DataMover& mover : movers) {
    for (const MoverSignal& s : edge(mover))
      ports += fmt::format(",\n  {} logic {}{}_{}", s.input ? "input " : "output", range_of(s),
                           mover.name, s.name);
    for (const MoverSignal& s : stream_channel(mover).signals()) {
      wires += fmt::format("  logic {}{}_{};\n", range_of(s), mover.name, s.name.substr(2));
      pins += fmt::format(",\n    .{}_{}({}_{})", mover.stream,
                          s.name.substr(std::string_view("m_axis_").size()), mover.name,
                          s.name.substr(2));
    }
    instances += mover_instance(mover);
  }
  if (!rtl.stores.empty())
    for (const WeightSignal& s : weight_signals()) {
      ports += fmt::format(",\n  {} logic {}{}", s.input ? "input " : "output",
                           s.scalar ? "" : fmt::format("[{}:0] ", s.bits - 1), s.name);
      pins += fmt::format(",\n    .{0}({0})", s.name);
    }
  return fmt::format(
      "module {} (\n  input  logic clk_i,\n  input  logic rst_ni{}\n);\n{}{}\n  {} accelerator0 (\n"
      "    .clk_i(clk_i),\n    .rst_ni(rst_ni){}\n  );\nendmodule\n",
      kWithMovers, ports, wires, instances, rtl.module, pins);
}

/// A module that shows every channel of movers as a stream.
class SimulatedText {
 public:
  void add(const DataMover& mover, const std::string& prefix) {
    for (const MoverChannel& channel : channels(mover)) add_channel(channel, prefix);
    ports_ += fmt::format(
        ",\n  output logic mon{0}_valid_o,\n  output logic mon{0}_ready_o,\n  output logic [0:0] "
        "mon{0}_data_o",
        monitors_);
    pins_ += fmt::format(",\n    .{}interrupt_o(mon{}_valid_o)", prefix, monitors_);
    body_ += fmt::format(
        "  assign mon{0}_ready_o = 1'b1;\n  assign mon{0}_data_o  = mon{0}_valid_o;\n", monitors_);
    ++monitors_;
  }
  void add_channel(const MoverChannel& channel, const std::string& prefix) {
    const std::string name =
        fmt::format("{}{}", channel.input ? "in" : "out", channel.input ? inputs_++ : outputs_++);
    const char valid = channel.input ? 'i' : 'o', ready = channel.input ? 'o' : 'i';
    const auto direction = [](char end) { return end == 'i' ? "input " : "output"; };
    ports_ += fmt::format(
        ",\n  {0} logic {2}_valid_{3},\n  {1} logic {2}_ready_{4},\n  {0} logic [{5}:0] "
        "{2}_data_{3}",
        direction(valid), direction(ready), name, valid, ready, channel.bits() - 1);
    pins_ += fmt::format(",\n    .{0}{1}valid({2}_valid_{3}), .{0}{1}ready({2}_ready_{4})", prefix,
                         channel.prefix, name, valid, ready);
    int at = 0;
    for (const MoverSignal& s : channel.payload) {
      const std::string place =
          s.name == "last" ? fmt::format("{}", at) : fmt::format("{}:{}", at + s.bits - 1, at);
      pins_ += fmt::format(",\n    .{}{}{}({}_data_{}[{}])", prefix, channel.prefix, s.name, name,
                           valid, place);
      at += s.bits;
    }
  }
  std::string text(const std::string& module, const std::string& top) const {
    return fmt::format(
        "module {} (\n  input  logic clk_i,\n  input  logic rst_ni{}\n);\n  {} top (\n    "
        ".clk_i(clk_i),\n    .rst_ni(rst_ni){}\n  );\n{}endmodule\n",
        module, ports_, top, pins_, body_);
  }

 private:
  std::string ports_, pins_, body_;
  int inputs_ = 0, outputs_ = 0, monitors_ = 0;
};

void check_choice(const MoverChoice& c) {
  if (std::ranges::count(std::array{64, 128, 256, 512}, c.memory_bits) == 0)
    user_error("a memory port of {} bits is none; 64, 128, 256 or 512", c.memory_bits);
  if (c.max_burst < 1 || c.max_burst > 256)
    user_error("bursts of {} words are none; 1 to 256", c.max_burst);
  if (c.outstanding < 1) user_error("{} bursts under way move nothing; 1 or more", c.outstanding);
  if (c.content_hash.size() != kMoverHashDigits ||
      c.content_hash.find_first_not_of("0123456789abcdef") != std::string::npos)
    user_error("'{}' is no SHA-256 in 64 hexadecimal digits", printable(c.content_hash));
}

}  // namespace

bool MoverSignal::is_scalar() const {
  return std::ranges::any_of(std::array{"valid", "ready", "last", "interrupt_o"},
                             [&](const char* end) { return name.ends_with(end); });
}

std::vector<MoverSignal> mover_signals(const DataMover& mover) {
  std::vector<MoverSignal> all = edge(mover);
  for (MoverSignal& signal : stream_channel(mover).signals()) all.push_back(std::move(signal));
  return all;
}

std::vector<std::pair<std::string, std::string>> mover_parameters(const DataMover& mover) {
  const MoverChoice& c = mover.choice;
  return {{"MemoryBits", std::to_string(c.memory_bits)},
          {"AddressBits", std::to_string(kAddressBits)},
          {"BeatBytes", std::to_string(mover.beat_bytes)},
          {"FrameBeats", fmt::format("32'd{}", mover.frame_beats)},
          {"MaxBurst", std::to_string(c.max_burst)},
          {"Outstanding", std::to_string(c.outstanding)},
          {"ContentHash", "256'h" + c.content_hash}};
}

std::int64_t DataMover::slot_bytes() const {
  const std::int64_t word = choice.memory_bits / 8;
  if (beat_bytes > word) return (beat_bytes + word - 1) / word * word;
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(beat_bytes)));
}

std::string lone_instance_text(std::string_view name, const DataMover& mover) {
  return fmt::format("{} #(\n{}  ) {} ();\n", mover.module(), parameters(mover), name);
}

std::string DataMover::to_memory(std::string_view beats) const {
  const auto beat = static_cast<std::size_t>(beat_bytes),
             slot = static_cast<std::size_t>(slot_bytes());
  ASSAY_INVARIANT(beats.size() % beat == 0, "half a beat");
  std::string bytes(beats.size() / beat * slot, '\0');
  for (std::size_t i = 0; i < beats.size() / beat; ++i)
    bytes.replace(i * slot, beat, beats.substr(i * beat, beat));
  return bytes;
}

std::string DataMover::from_memory(std::string_view bytes) const {
  const auto beat = static_cast<std::size_t>(beat_bytes),
             slot = static_cast<std::size_t>(slot_bytes());
  ASSAY_INVARIANT(bytes.size() % slot == 0, "half a slot");
  std::string beats;
  for (std::size_t at = 0; at < bytes.size(); at += slot) beats += bytes.substr(at, beat);
  return beats;
}

std::vector<DataMover> data_movers(const StitchedRtl& rtl, const MoverChoice& choice) {
  check_choice(choice);
  std::vector<DataMover> movers;
  const auto add = [&](const std::vector<StitchedPort>& ports, bool reads) {
    for (std::size_t i = 0; i < ports.size(); ++i)
      movers.push_back({fmt::format("{}dma{}", reads ? 'i' : 'o', i), reads, ports[i].prefix,
                        ports[i].tdata_bits() / 8, rtl.streams.at(ports[i].stream).stream.beats,
                        choice});
  };
  add(rtl.slaves, true);
  add(rtl.masters, false);
  return movers;
}

MoversRtl with_movers(const StitchedRtl& rtl, const MoverChoice& choice) {
  MoversRtl result{kWithMovers, rtl.files, data_movers(rtl, choice), !rtl.stores.empty()};
  for (const char* module : {"assay_iodma_in", "assay_iodma_out"})
    for (const RtlFile& file : rtl_sources(module)) {
      const std::string name(file.name);
      if (std::ranges::find(result.files, name, &NodeRtl::File::name) == result.files.end())
        result.files.push_back({name, std::string(file.text)});
    }
  result.files.push_back({std::string(kWithMovers) + ".sv", with_movers_text(rtl, result.movers)});
  return result;
}

std::string simulated_text(const MoversRtl& rtl, const std::string& module) {
  SimulatedText text;
  for (const DataMover& mover : rtl.movers) text.add(mover, mover.name + "_");
  if (rtl.weights)
    for (const MoverChannel& channel : register_channels("s_axi_weights_", 32))
      text.add_channel(channel, "");
  return text.text(module, rtl.module);
}

std::string simulated_text(const DataMover& mover, const std::string& module) {
  SimulatedText text;
  text.add(mover, "");
  text.add_channel(stream_channel(mover), "");
  return text.text(module, fmt::format("{} #(\n{}  )", mover.module(), parameters(mover)));
}

}  // namespace assay
