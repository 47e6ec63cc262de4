// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "sim/bench/bench.h"

/// What passes between Assay and a simulation program, as text: lines "key value value ...". Like
/// bench.h compiled into every simulation program.
namespace assay::sim {

struct JobFile {
  int dut = 0;  ///< of the model
  Job job;
  std::string wave;        ///< a waveform's file; empty: none
  WaveWindow wave_window;  ///< what is in it
  bool plant = false;      ///< breaks every rule once on every stream, see sim/bench/plant.h
  std::string collect;     ///< writes what output i gave to collect<i>; empty: does not
  std::string stamps;      ///< writes Result's stamps to this file; empty: does not
  std::vector<std::uint64_t> controls;  ///< values of the design's control inputs
};

/// A stream's beats lie in a file of their own.
struct StreamFile {
  std::string path;
  int bits = 1;
  std::int64_t beats = 1;
  bool last = false;
};

struct StreamFiles {
  std::vector<StreamFile> inputs, outputs, monitors = {};
};

/// Writes a job whose streams lie in files. Paths must not hold line breaks.
void write_job(std::ostream& out, const JobFile& job, const StreamFiles& streams);
/// std::runtime_error when the file or one of its streams cannot be read.
JobFile read_job(const std::string& path);

void write_result(std::ostream& out, const Result& result);
/// std::runtime_error when it is no complete result.
Result read_result(std::istream& in);

/// Stamps of all inputs, then all outputs, then all monitors: per stream the number of beats, then
/// two numbers a beat, all of them 64 bits in the machine's order.
void write_stamps(std::ostream& out, const Result& result);
/// Into a result with so many streams. std::runtime_error when the file is not complete.
void read_stamps(std::istream& in, std::size_t inputs, std::size_t outputs, std::size_t monitors,
                 Result& result);

}  // namespace assay::sim
