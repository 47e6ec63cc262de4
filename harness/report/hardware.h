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
    void fields(Fields& f) {
      f("target_cycles", target_cycles);
      f("device", device);
      f("device_share", device_share);
    }
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
    void fields(Fields& f) {
      f("node", node);
      f("operator", op);
      f.from(-1, "partition", partition);
      f("folding", folding);
      f("ram_style", ram_style);
      f("mem_mode", mem_mode);
      f("cycles", cycles);
      f("reached", reached);
      f("macs", macs);
      f("multipliers", multipliers);
      f("efficiency", efficiency);
      f("estimates", estimates);
    }
  };
  std::string stage, stage_sha256;
  Goal goal;
  std::int64_t interval = 0;
  std::optional<bool> reached;
  std::int64_t macs = 0, multipliers = 0;
  double efficiency = 0;
  Resources estimates;
  Device device;
  std::vector<Node> nodes;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("stage", stage);
    f("stage_sha256", stage_sha256);
    f("goal", goal);
    f("interval", interval);
    f("reached", reached);
    f("macs", macs);
    f("multipliers", multipliers);
    f("efficiency", efficiency);
    f("estimates", estimates);
    f("device", device);
    f("nodes", nodes);
  }
};

/// reports/fifos.json
struct Fifos {
  static constexpr std::string_view kSchema = "assay.fifos/1";
  struct Smaller {
    std::int64_t depth = 0;
    std::optional<std::int64_t> interval;
    void fields(Fields& f) {
      f("depth", depth);
      f("interval", interval);
    }
  };
  struct Fifo {
    std::string name;
    std::int64_t depth = 0, bits = 0;
    std::string memory;
    std::int64_t high_water = 0;
    Smaller smaller;
    void fields(Fields& f) {
      f("name", name);
      f("depth", depth);
      f("bits", bits);
      f("memory", memory);
      f("high_water", high_water);
      f("smaller", smaller);
    }
  };
  struct Partition {
    std::int64_t partition = 0, slowest_layer = 0;
    std::optional<std::int64_t> interval, first_frame_latency;
    std::int64_t frames = 0;
    std::vector<Fifo> fifos;
    void fields(Fields& f) {
      f("partition", partition);
      f("slowest_layer", slowest_layer);
      f("interval", interval);
      f("first_frame_latency", first_frame_latency);
      f("frames", frames);
      f("fifos", fifos);
    }
  };
  std::vector<Partition> partitions;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("partitions", partitions);
  }
};

/// Cycles of an accelerator, from one source.
struct Throughput {
  std::optional<std::int64_t> interval;
  std::optional<double> frames_per_second;
  std::optional<std::int64_t> first_frame_latency, cycles;
  void fields(Fields& f) {
    f("interval", interval);
    f("frames_per_second", frames_per_second);
    f("first_frame_latency", first_frame_latency);
    f("cycles", cycles);
  }
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
    void fields(Fields& f) {
      f("node", node);
      f("operator", op);
      f.from(-1, "partition", partition);
      f("cycles", cycles);
      f("frames_per_second", frames_per_second);
      f("share", share);
      f("macs", macs);
      f("multipliers", multipliers);
      f("efficiency", efficiency);
      f("estimates", estimates);
    }
  };
  struct Partition {
    std::int64_t partition = 0;
    std::string bottleneck;
    std::optional<Throughput> formula, token_model, measured;
    void fields(Fields& f) {
      f("partition", partition);
      f("bottleneck", bottleneck);
      f("formula", formula);
      f("token_model", token_model);
      f("measured", measured);
    }
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
  void fields(Fields& f) {
    f.schema(kSchema);
    f("stage", stage);
    f("stage_sha256", stage_sha256);
    f("clock_mhz", clock_mhz);
    f("frames", frames);
    f("efficiency", efficiency);
    f("estimates", estimates);
    f("device", device);
    f("layers", layers);
    f("partitions", partitions);
    f("remarks", remarks);
  }
};

}  // namespace assay::report
