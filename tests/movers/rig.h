// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "compile/backend/verilog/mover_registers.h"
#include "compile/backend/verilog/movers.h"
#include "compile/backend/verilog/rtl_library.h"
#include "compile/base/error.h"
#include "compile/base/process.h"
#include "sim/model/axi_session.h"

/// Data movers alone, in simulation.
namespace assay::movers::test {

inline const std::string kHash = "00112233445566778899aabbccddeeff7e7d7e7d5e5d0000ffffffff12345678";

inline DataMover mover_of(bool reads, int memory_bits, std::int64_t beat_bytes,
                          std::int64_t frame_beats, int max_burst = 16, int outstanding = 4) {
  return {reads ? "idma0" : "odma0",
          reads,
          "",
          beat_bytes,
          frame_beats,
          {memory_bits, max_burst, outstanding, kHash}};
}

inline sim::AxiMover axi_mover(const DataMover& m) {
  return {m.reads, {m.choice.memory_bits, m.choice.max_burst, m.choice.outstanding}};
}

/// The library's sources of both movers.
inline std::vector<sim::SourceFile> mover_sources() {
  std::vector<sim::SourceFile> sources;
  for (const char* module : {"assay_iodma_in", "assay_iodma_out"})
    for (const RtlFile& file : rtl_sources(module)) {
      const std::string name(file.name);
      if (std::ranges::find(sources, name, &sim::SourceFile::name) == sources.end())
        sources.push_back({name, std::string(file.text)});
    }
  return sources;
}

inline bool has_program(const std::string& name) {
  try {
    find_program(name, name);
    return true;
  } catch (const ToolError&) {
    return false;
  }
}

/// A fault: text of a module replaced where it is last.
struct Fault {
  std::string file, from, to;
};
/// Whether it was there.
inline bool plant(std::string& text, const Fault& fault) {
  const std::size_t at = text.rfind(fault.from);
  if (at == std::string::npos || fault.from.empty()) return false;
  text.replace(at, fault.from.size(), fault.to);
  return true;
}

/// Adds a view of a mover alone; its place among the designs.
inline int add_mover(sim::ModelSpec& spec, const DataMover& mover) {
  const std::string module = fmt::format("view{}", spec.designs.size());
  spec.sources.push_back({module + ".sv", simulated_text(mover, module)});
  sim::AxiStreams s = sim::axi_streams({axi_mover(mover)});
  (mover.reads ? s.outputs : s.inputs).push_back(static_cast<int>(mover.beat_bytes * 8 + 1));
  spec.designs.push_back({module, s.inputs, s.outputs, {}, s.monitors});
  return static_cast<int>(spec.designs.size()) - 1;
}

/// Simulation programs stay between test runs, beside the test program.
inline sim::ModelCache& model_cache() {
  static sim::ModelCache instance(std::filesystem::read_symlink("/proc/self/exe").parent_path() /
                                  "models");
  return instance;
}

inline std::string random_bytes(std::mt19937_64& random, std::int64_t count) {
  std::string bytes;
  for (std::int64_t i = 0; i < count; ++i) bytes += static_cast<char>(random());
  return bytes;
}

/// Beats, one behind the other, as a stream with TLAST above the data has them.
inline std::string with_last(const DataMover& m, std::string_view beats) {
  std::string bytes;
  const auto beat = static_cast<std::size_t>(m.beat_bytes);
  for (std::size_t i = 0; i < beats.size() / beat; ++i) {
    bytes += beats.substr(i * beat, beat);
    bytes += static_cast<char>(static_cast<std::int64_t>(i + 1) % m.frame_beats == 0 ? 1 : 0);
  }
  return bytes;
}

/// What a driver does.
struct Driver {
  sim::AxiSession& session;
  std::size_t mover = 0;

  void start(std::uint64_t base, std::uint32_t frames) const {
    session.write(mover, mover_offset("base_low"), static_cast<std::uint32_t>(base));
    session.write(mover, mover_offset("base_high"), static_cast<std::uint32_t>(base >> 32));
    session.write(mover, mover_offset("frames"), frames);
    session.write(mover, mover_offset("control"), mover_bit("control", "start"));
  }
  void interrupt_when_done() const {
    session.write(mover, mover_offset("global_interrupt_enable"), 1);
    session.write(mover, mover_offset("interrupt_enable"), 3);
  }
  /// Whether it is done in time; the interrupt is taken back.
  bool wait(std::int64_t cycles = 10000000) const {
    const bool came = session.wait(std::uint64_t{1} << mover, cycles);
    session.write(mover, mover_offset("interrupt_status"), 3);
    return came;
  }
  std::uint32_t control() const { return session.read(mover, mover_offset("control")); }
  std::uint32_t error() const { return session.read(mover, mover_offset("error")); }
  std::uint64_t cycles() const {
    return session.read(mover, mover_offset("cycles_low")) |
           static_cast<std::uint64_t>(session.read(mover, mover_offset("cycles_high"))) << 32;
  }
};

/// Where bytes differ; empty: nowhere.
inline std::string difference(std::string_view expected, std::string_view got) {
  if (expected == got) return "";
  const auto at = std::ranges::mismatch(expected, got).in1 - expected.begin();
  return fmt::format("byte {} differs; {} expected, {} came", at, expected.size(), got.size());
}

constexpr std::uint32_t kDone = mover_bit("control", "done"), kIdle = mover_bit("control", "idle"),
                        kReady = mover_bit("control", "ready");

inline std::string violations_text(sim::AxiSession& session) {
  std::string text;
  for (const sim::Violation& v : session.violations())
    text += fmt::format("{} {} {}\n", v.rule, v.stream, v.cycle);
  return text;
}

}  // namespace assay::movers::test
