// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/same_results.h"

#include <sstream>

#include "compile/base/error.h"
#include "compile/graph/checkpoints.h"
#include "compile/onnx/import.h"
#include "harness/check/check.h"

namespace assay {

bool same_results(const std::string& before, const std::string& after, const SavedRun& run,
                  const Sandbox& box) {
  try {
    const Preprocess preprocess(run.preprocess);
    const auto pixels_of = [&](const std::string& bytes) {
      return pixel_graph(import_bytes(bytes, {}, "a network of the selftest"), preprocess);
    };
    Graph reference = pixels_of(before);
    complete_checkpoints(reference);
    ImageChoice choice = run.images;
    if (!choice.data.empty()) choice.data = box.only_entry("data");
    const ChosenImages images = choose_images(choice, first_pixels(run));
    Reference expected(reference, images);
    std::ostringstream nowhere;
    const StageCheck check = check_stage(expected, pixels_of(after), 1,
                                         Console{nowhere, nowhere, false, true}, "compare");
    return check.judgement.verdict == Verdict::kEquivalent;
  } catch (const UserError&) {  // one of them cannot be executed
    return false;
  }
}

}  // namespace assay
