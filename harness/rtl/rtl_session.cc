// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/rtl_session.h"

#include <fmt/format.h>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "harness/check/execute.h"
#include "harness/check/saved_stage.h"
#include "harness/check/stimuli.h"
#include "harness/flow/remade.h"
#include "harness/flow/stage_list.h"
#include "harness/run/identity.h"

namespace assay {
namespace {

SavedRun equivalent_run(const std::filesystem::path& dir) {
  SavedRun run = read_run(dir);
  require_equivalent(run.report);
  require_unchanged_stages(run);
  require_all_stages(run);
  return run;
}

std::string last_stage(const SavedRun& run) { return read_file(run.stages.back().file); }

}  // namespace

RtlSession::RtlSession(const std::filesystem::path& path, const ImageChoice& choice,
                       const std::filesystem::path& cache_path, std::int64_t unasked)
    : dir(existing_run(path)),
      run_(equivalent_run(path)),
      stage_bytes_(last_stage(run_)),
      preprocess_(run_.preprocess),
      graph(
          pixel_graph(import_bytes(stage_bytes_, path / "stages", run_.stages.back().file.string()),
                      preprocess_)),
      images(choose_images(images_of_run(run_, choice), first_pixels(run_))),
      image_count(choice.images.empty() ? std::min(images.size(), unasked) : images.size()),
      cache(cache_path),
      runner(dir, cache) {
  if (image_count == 0) user_error("there are no images to verify with");
}

void RtlSession::prove_stage(const Console& console) const {
  remark_absent(run_, console);
  report::Stimuli stimuli;
  stimuli.images = image_count;
  stimuli.distinct = distinct_images(images.set, image_count);
  if (const auto alike = judge_images(stimuli)) throw NotEquivalentError(alike->reason);
  if (const std::string fault = remade_fault(run_); !fault.empty())
    throw NotEquivalentError(fault + "; nothing is built on it, do the run again");
  const Judgement judgement = compare_last_stage(run_, graph, images, image_count);
  if (judgement.verdict == Verdict::kEquivalent) return;
  throw NotEquivalentError(fmt::format(
      "'{}' is {} to what it was made from ({}), whatever its report says; nothing is "
      "built on it, do the run again",
      printable(stage().file.string(), 4096), verdict_name(judgement.verdict), judgement.reason));
}

void RtlSession::for_each_image(const Console& console,
                                const std::function<void(const ExactRun&)>& body) const {
  const ExactPixels golden(graph, split_images(image_count));
  Progress progress(console, "golden", image_count);
  in_order(
      image_count, [&](std::int64_t i) { return golden.run_all(images.set.values(i)); },
      [&](const ExactRun& run) {
        body(run);
        progress.tick();
      });
}

report::RtlHead RtlSession::report_head(std::uint64_t seed) const {
  report::RtlHead head;
  head.assay = assay_identity();
  head.stage = stage().id;
  head.stage_sha256 = stage().sha256;
  head.data = data_identity(images);
  head.images = image_count;
  head.seed = seed;
  head.tools = {cache.tools().verilator_version, cache.tools().compiler_version};
  return head;
}

std::vector<std::int64_t> integers(const ExactValue& value) {
  if (value.terms.size() == 1 && value.offset == RealArray() &&
      value.terms[0].scale == RealArray(Real(1)))
    return value.terms[0].q;
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < value.size(); ++i) result.push_back(value.real(i).floor().get_si());
  return result;
}

}  // namespace assay
