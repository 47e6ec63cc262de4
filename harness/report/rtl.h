// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"
#include "harness/report/rtl_manifest.h"

/// Reports on simulated hardware.
namespace assay::report {

/// What every report on a simulation begins with.
struct RtlHead {
  struct Tools {
    std::string verilator, compiler;
    void fields(Fields& f);
  };
  Program assay;
  std::string stage, stage_sha256;
  Data data;
  std::int64_t images = 0;
  std::uint64_t seed = 0;
  Tools tools;
  RtlFiles rtl;
  Verdict verdict = Verdict::kInconclusive;
  std::int64_t predicted = 0, compared = 0, differing = 0;
  void fields(Fields& f);
};

/// The first beat that differs, and the command that shows it.
struct Mismatch {
  std::string at, replay;
  void fields(Fields& f);
};

/// What came of one simulation.
struct RtlOutcome {
  struct Violation {
    std::string rule, stream;
    std::int64_t cycle = 0;
    void fields(Fields& f);
  };
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t predicted = 0, compared = 0, compared_before_reset = 0, differing = 0;
  std::vector<Violation> violations;
  std::string stuck;  ///< who waits for what; empty: nobody
  std::optional<Mismatch> first_mismatch;
  void fields(Fields& f);
};

/// What the inputs of a hardware node could tell of it.
struct Coverage {
  /// Things that could be wrong: how many there are, how many no input can show, how many were
  /// shown.
  struct Count {
    std::int64_t all = 0, unreachable = 0, seen = 0;
    std::int64_t reachable() const { return all - unreachable; }
    void fields(Fields& f);
  };
  Count thresholds;   ///< with a value on either side of them
  Count weight_bits;  ///< that their flip would have changed an output
  Count sum_bits;     ///< of the accumulator, seen 0 and 1
  Count rows;         ///< of the table of thresholds, looked up
  void fields(Fields& f);
};

/// reports/rtl-node.json
struct RtlNode {
  static constexpr std::string_view kSchema = "assay.rtl-node/1";
  struct Cycles {
    std::int64_t formula = 0;
    std::optional<std::int64_t> measured;
    void fields(Fields& f);
  };
  struct Run {
    std::string profile;
    std::uint64_t seed = 0;
    std::int64_t frames = 0;
    RtlOutcome outcome;
    void fields(Fields& f);
  };
  struct Node {
    std::string node, op, folder;
    Named<std::int64_t> folding;
    std::string model, content;
    Verdict verdict = Verdict::kInconclusive;
    std::string reason;
    Cycles cycles;
    Tally memories;
    Canaries canaries;
    std::int64_t directed_frames = 0;
    Coverage images, directed;  ///< of the images alone, and with the directed frames
    std::vector<Run> runs;
    void fields(Fields& f);
  };
  RtlHead head;
  std::optional<double> min_coverage;  ///< percent that was asked for
  std::vector<Node> nodes;
  void fields(Fields& f);
};

/// reports/rtl-top.json
struct RtlTop {
  static constexpr std::string_view kSchema = "assay.rtl-top/1";
  struct Bottleneck {
    std::string node;
    std::int64_t cycles = 0;
    void fields(Fields& f);
  };
  struct Node {
    std::string node, instance, op;
    std::int64_t cycles = 0;
    Tally memories;
    void fields(Fields& f);
  };
  struct Stream {
    std::string name, wires;
    std::optional<std::string> writer, reader;  ///< null: the accelerator's own port
    std::int64_t bits = 0, beats = 0, predicted = 0, compared = 0, differing = 0, stalls = 0,
                 starves = 0;
    std::int64_t first = -1, last = -1;  ///< cycles; -1: no beat passed
    void fields(Fields& f);
  };
  struct Fifo {
    std::string name;
    std::int64_t depth = 0, high_water = 0;
    void fields(Fields& f);
  };
  struct Run {
    std::string profile;
    std::uint64_t seed = 0;
    std::int64_t frames = 0, cycles = 0;
    RtlOutcome outcome;
    void fields(Fields& f);
  };
  struct Partition {
    std::int64_t partition = 0;
    std::string module, folder, model, content;
    Verdict verdict = Verdict::kInconclusive;
    std::string reason;
    std::optional<std::int64_t> first_frame_latency, interval;
    std::optional<bool> steady;
    std::optional<std::int64_t> steady_interval;
    double clock_mhz = 0;
    std::optional<double> frames_per_second;
    Bottleneck bottleneck;
    std::optional<Tally> token_model;
    Canaries canaries;
    std::vector<Node> nodes;
    std::vector<Stream> streams;
    std::vector<Fifo> fifos;
    std::vector<Run> runs;
    void fields(Fields& f);
  };
  RtlHead head;
  std::vector<Partition> partitions;
  void fields(Fields& f);
};

}  // namespace assay::report
