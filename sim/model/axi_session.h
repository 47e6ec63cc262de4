// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "compile/base/process.h"
#include "sim/bench/axi_bench.h"
#include "sim/model/model.h"

namespace assay::sim {

/// A host of data movers that are simulated in a program of their own, or beside it in a thread, with their
/// memory: what a driver does on a board. ToolError when the simulation ends, or refuses what is asked of it.
class AxiSession {
 public:
  /// `data`: the folder with the memory files; `design`: of the model, with streams as axi_streams() has
  /// them.
  AxiSession(const Model& model, int design, const std::vector<AxiMover>& movers,
             const std::filesystem::path& data, std::uint64_t seed = 1);
  /// Of what `make` makes, which has the streams of a design.
  AxiSession(DutMaker make, const std::vector<AxiMover>& movers);
  ~AxiSession();
  AxiSession(const AxiSession&) = delete;
  AxiSession& operator=(const AxiSession&) = delete;

  void pace(const AxiTiming& timing);
  void reset();
  void step(std::int64_t cycles);
  std::int64_t cycle();

  void map(AxiStore::Range range, bool readable, bool writable);
  void fail(AxiStore::Range range, AxiAnswer answer);
  void clear();  ///< neither buffers nor failures
  void put(std::uint64_t address, const std::string& bytes);
  std::string get(std::uint64_t address, std::uint64_t bytes);

  void write(std::size_t mover, unsigned offset, std::uint32_t value, unsigned strobes = 0xf);
  std::uint32_t read(std::size_t mover, unsigned offset);
  /// Until all movers of the mask interrupt, for so many cycles at most; whether they do.
  bool wait(std::uint64_t movers, std::int64_t cycles);

  AxiCounts counts(std::size_t mover);
  std::vector<Violation> violations();

  /// Streams of the design itself.
  void feed(std::size_t input, const std::string& bytes);
  std::string taken(std::size_t output);

 private:
  void name_movers(const std::vector<AxiMover>& movers);
  std::string ask(const std::string& request, const std::string& payload = "");
  std::string ask_bytes(const std::string& request);
  void refill();

  int fd_ = -1;
  std::string pending_;
  std::unique_ptr<Companion> program_;
  std::thread beside_;  ///< in the place of the program
};

}  // namespace assay::sim
