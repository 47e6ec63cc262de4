// SPDX-License-Identifier: Apache-2.0
// The main program of every simulation: reads a job, runs the bench, writes what came of it.
// Usage: model JOB RESULT, both files (sim/bench/job.h). Exit code 0 when the run took place, 2 when the
// job cannot be read.
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <utility>

#include "sim/bench/job.h"
#include "sim/bench/model_glue.h"
#include "sim/bench/plant.h"

int main(int argc, char** argv) {
  using namespace assay::sim;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody waits for the result of a run that was killed
  if (argc != 3) {
    std::cerr << "usage: model JOB RESULT\n";
    return 2;
  }
  try {
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
