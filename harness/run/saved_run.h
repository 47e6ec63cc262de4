// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "compile/passes/pipeline/pass.h"
#include "harness/report/console.h"
#include "harness/report/run.h"
#include "harness/run/images.h"
#include "harness/run/preprocess.h"

namespace assay {

/// A finished run as it lies in its folder.
struct SavedRun {
  struct Stage {
    std::string id;
    std::filesystem::path file;
    std::string sha256;  ///< of the file when it was checked
    Contract contract = Contract::kExact;
  };
  report::Run report;  ///< reports/run.json
  std::filesystem::path dir;
  std::vector<Stage> stages;
  ImageChoice images;           ///< what the run was told
  PreprocessChoice preprocess;  ///< the same
};

/// Something is asked of a run that takes a verdict which it does not have. Exit code 3.
class NotEquivalentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Whether `path` is a folder rather than a model file.
bool is_run_folder(const std::filesystem::path& path);

/// `dir`, once it is sure that a run made it. UserError otherwise.
const std::filesystem::path& existing_run(const std::filesystem::path& dir);

/// UserError when the folder holds no finished run, its report is damaged or was edited, or the
/// model, the pre-processing or the images were replaced since (replaced_sources()).
SavedRun read_run(const std::filesystem::path& dir);

/// NotEquivalentError that names the run's verdict and stage unless the run is EQUIVALENT: nothing is
/// built on another.
void require_equivalent(const report::Run& run);

/// The same run, whatever became of its model and images: to show it.
SavedRun read_run_alone(const std::filesystem::path& dir);

/// What no longer is what the run was about: its pre-processing's and its model's file, where there still
/// is one, the data that belongs to it, its images. A line for each.
std::vector<std::string> replaced_sources(const SavedRun& run);
/// Those that are no longer there, so that what the run says is about hashes alone. A line for each.
std::vector<std::string> absent_sources(const SavedRun& run);
/// Says it aloud.
void remark_absent(const SavedRun& run, const Console& console);
/// Says aloud what a command that reads stages alone does not look at: absent_sources(), RTL that was
/// edited.
void remark_on(const SavedRun& run, const Console& console);

/// The run's first stage from integers: what knows its images, whatever became of the input since.
Graph first_pixels(const SavedRun& run);

/// `given` where it says something, else what the run was told.
ImageChoice images_of_run(const SavedRun& run, const ImageChoice& given);

}  // namespace assay
