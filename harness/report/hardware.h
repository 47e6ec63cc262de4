// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

/// Reports on hardware that is not simulated.
namespace assay::report {

/// reports/folding.json
struct Folding {
  static constexpr std::string_view kSchema = "assay.folding/1";
  struct Goal {
    std::optional<std::int64_t> target_cycles;
    std::optional<std::string> device;
    std::optional<std::int64_t> device_share;
    void fields(Fields& f);
  };
  struct Node {
    std::string node, op;
    std::int64_t partition = -1;
    Named<std::int64_t> folding;
    std::string ram_style;
    std::optional<std::string> mem_mode;
    std::int64_t cycles = 0;
    std::optional<bool> reached;
    std::int64_t macs = 0, multipliers = 0;
    double efficiency = 0;
    Resources estimates;
    void fields(Fields& f);
  };
  std::string stage, stage_sha256;
  Goal goal;
  std::int64_t interval = 0;
  std::optional<bool> reached;
  std::int64_t macs = 0, multipliers = 0;
  double efficiency = 0;
  Resources estimates;
  Device device;
  bool fits = true;  ///< what is estimated, in what the device has
  std::vector<std::string> warnings;
  std::vector<Node> nodes;
  void fields(Fields& f);
};

/// reports/fifos.json
struct Fifos {
  static constexpr std::string_view kSchema = "assay.fifos/1";
  struct Smaller {
    std::int64_t depth = 0;
    std::optional<std::int64_t> interval;
    bool stalls_stop = false;
    void fields(Fields& f);
    bool operator==(const Smaller&) const = default;
  };
  struct Fifo {
    std::string name;
    std::int64_t depth = 0, bits = 0;
    std::string memory;
    std::int64_t high_water = 0;
    Smaller smaller;
    void fields(Fields& f);
  };
  struct Partition {
    std::int64_t partition = 0, slowest_layer = 0;
    std::optional<std::int64_t> interval, first_frame_latency;
    std::int64_t frames = 0;
    std::vector<Fifo> fifos;
    void fields(Fields& f);
  };
  Program assay;
  std::string stage_sha256;
  std::vector<Partition> partitions;
  std::optional<std::string> checksum;  ///< checksum.h
  void fields(Fields& f);
};

/// Cycles of an accelerator, from one source.
struct Throughput {
  std::optional<std::int64_t> interval;
  std::optional<double> frames_per_second;
  std::optional<std::int64_t> first_frame_latency, cycles;
  void fields(Fields& f);
};

/// `assay bench`
struct Bench {
  static constexpr std::string_view kSchema = "assay.bench/1";
  struct Layer {
    std::string node, op;
    std::int64_t partition = -1, cycles = 0;
    double frames_per_second = 0, share = 0;
    std::int64_t macs = 0, multipliers = 0;
    double efficiency = 0;
    Resources estimates;
    void fields(Fields& f);
  };
  struct Partition {
    std::int64_t partition = 0;
    std::string bottleneck;
    std::optional<Throughput> formula, token_model, measured;
    void fields(Fields& f);
  };
  std::string stage, stage_sha256;
  double clock_mhz = 0;
  std::int64_t frames = 0;
  double efficiency = 0;
  Resources estimates;
  Device device;
  std::vector<Layer> layers;
  std::vector<Partition> partitions;
  std::vector<std::string> remarks;
  std::vector<std::string> warnings;  ///< those of the run, and of another part that is asked for
  void fields(Fields& f);
};

}  // namespace assay::report
