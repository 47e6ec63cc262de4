// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/rtl.h"

namespace assay::report {

/// reports/weights.json: weights of another training, written into a running accelerator.
struct Weights {
  static constexpr std::string_view kSchema = "assay.weights/1";
  struct Store {
    std::string node, file;
    std::int64_t address = 0;  ///< in bytes, on the accelerator's port
    std::int64_t words = 0;    ///< of the memory
    std::int64_t columns = 0,
                 stride = 0;   ///< words of 32 bits in one of them, and from one to the next
    std::int64_t changed = 0;  ///< words of 32 bits that differ between the trainings
    void fields(Fields& f);
  };
  struct Run {
    std::string profile;
    std::int64_t before = 0,
                 after = 0;   ///< frames of the running transfer with the old and the new weights
    std::int64_t cycles = 0;  ///< that the switch took, from hold to release
    std::int64_t predicted = 0, compared = 0, differing = 0;  ///< beats of outputs
    std::int64_t words_predicted = 0, words_compared = 0, words_differing = 0;  ///< read back
    Verdict verdict = Verdict::kInconclusive;
    std::string reason;
    std::vector<RtlOutcome::Violation> violations;
    void fields(Fields& f);
  };
  RtlHead head;
  std::string from, from_sha256;  ///< the other training
  std::string content_hash;       ///< of the accelerator that takes the weights
  std::string words_sha256;       ///< of what is written, 32 bits little-endian each
  std::string reason;
  std::vector<Store> stores;
  std::vector<Run> runs;
  std::int64_t told_apart = 0;  ///< images on which the trainings' outputs differ
  Canaries canaries;
  std::vector<std::string> notes;
  void fields(Fields& f);
};

}  // namespace assay::report
