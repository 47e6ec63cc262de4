// SPDX-License-Identifier: Apache-2.0
// The main program of every simulation: reads a job, runs the bench, writes what came of it.
// Usage: model JOB RESULT, both files (sim/bench/job.h). Exit code 0 when the run took place, 2 when the
// job cannot be read. Or: model --serial DESIGN SEED CLOCKS, a design with a serial line behind standard
// input (sim/bench/serial.h), until nobody listens. Or: model --axi DESIGN SEED, a design with data movers
// whose host speaks through standard input (sim/bench/axi_bench.h), until it is gone.
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <utility>

#include "sim/bench/axi_bench.h"
#include "sim/bench/job.h"
#include "sim/bench/model_glue.h"
#include "sim/bench/plant.h"
#include "sim/bench/serial.h"

namespace {

using namespace assay::sim;

/// A design whose first input's data are the line to it, and whose first output's data its own.
class DutLine final : public SerialDevice {
 public:
  explicit DutLine(std::unique_ptr<Dut> dut) : dut_(std::move(dut)) {
    *dut_->rst_n = 0;
    for (int cycle = 0; cycle < kReset; ++cycle) step(true);
    *dut_->rst_n = 1;
  }
  bool step(bool rx) override {
    *dut_->inputs.at(0).data = rx ? 1 : 0;
    *dut_->clk = 0;
    dut_->eval();
    *dut_->clk = 1;
    dut_->eval();
    return (*dut_->outputs.at(0).data & 1U) != 0;
  }

 private:
  static constexpr int kReset = 8;
  std::unique_ptr<Dut> dut_;
};

int serve(char** argv) {
  DutLine line(make_dut(std::stoi(argv[2]), std::stoull(argv[3]), "", {}));
  serve_serial(line, std::stoi(argv[4]), 0, false);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody waits for the result of a run that was killed
  const bool serial = argc == 5 && std::strcmp(argv[1], "--serial") == 0;
  const bool axi = argc == 4 && std::strcmp(argv[1], "--axi") == 0;
  if (argc != 3 && !serial && !axi) {
    std::cerr << "usage: model JOB RESULT | model --serial DESIGN SEED CLOCKS | model --axi DESIGN "
                 "SEED\n";
    return 2;
  }
  try {
    if (serial) return serve(argv);
    if (axi) {
      serve_axi([&] { return make_dut(std::stoi(argv[2]), std::stoull(argv[3]), "", {}); }, 0);
      return 0;
    }
    JobFile job = read_job(argv[1]);
    job.job.collect = !job.collect.empty();
    job.job.stamps = !job.stamps.empty();
    std::unique_ptr<Dut> dut = make_dut(job.dut, job.job.seed, job.wave, job.controls);
    if (job.plant) dut = plant_faults(std::move(dut), job.job);
    const Result result = run_bench(*dut, job.job, job.wave_window);
    for (std::size_t i = 0; i < result.collected.size(); ++i) {
      std::ofstream file(job.collect + std::to_string(i), std::ios::binary);
      file.write(reinterpret_cast<const char*>(result.collected[i].data()),
                 static_cast<std::streamsize>(result.collected[i].size()));
    }
    if (job.job.stamps) {
      std::ofstream file(job.stamps, std::ios::binary);
      write_stamps(file, result);
      file.close();
      if (!file) throw std::runtime_error("cannot write " + job.stamps);
    }
    std::ofstream out(argv[2]);
    write_result(out, result);
    out.close();
    if (!out) throw std::runtime_error("cannot write the result");
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
