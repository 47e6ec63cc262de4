// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "compile/base/process.h"
#include "harness/board/line.h"
#include "sim/bench/serial.h"
#include "sim/model/model.h"

namespace assay::board {

/// A board that is simulated, or several of the same at a time.
class SimulatedBoard {
 public:
  virtual ~SimulatedBoard() = default;
  /// A channel to each, once.
  virtual std::vector<std::unique_ptr<Channel>> open() = 0;
  /// What the simulation said when it ended by itself; empty: it runs.
  virtual std::string failure() const = 0;
};

/// One behind a pseudo-terminal, which a host opens as it opens a serial port.
class TerminalBoard : public SimulatedBoard {
 public:
  const std::string& port() const { return terminal_.port; }
  std::vector<std::unique_ptr<Channel>> open() override;

 protected:
  PseudoTerminal terminal_ = open_pseudo_terminal();
};

/// A board has power before its line is opened: what it hears in its reset is lost.
inline constexpr int kBoardWakingCycles = 1000;

/// Any simulator that can be stepped, in a thread.
class ThreadBoard final : public TerminalBoard {
 public:
  ThreadBoard(std::unique_ptr<sim::SerialDevice> device, int clocks_per_bit);
  ~ThreadBoard() override;
  std::string failure() const override;

 private:
  std::unique_ptr<sim::SerialDevice> device_;
  std::atomic<bool> stop_ = false, failed_ = false;
  std::string failure_;  ///< once failed_
  std::thread thread_;
};

/// A board's RTL, with assay_board_core among the sources (compile/backend/shell/shell.h), in a program of
/// its own. `data`: the folder of the memory files.
class RtlBoard final : public TerminalBoard {
 public:
  RtlBoard(sim::ModelCache& cache, std::vector<sim::SourceFile> sources,
           const std::filesystem::path& data, int clocks_per_bit, std::uint64_t seed);
  std::string failure() const override;

 private:
  std::unique_ptr<Companion> program_;
};

}  // namespace assay::board
