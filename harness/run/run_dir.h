// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/fields.h"
#include "harness/report/json.h"

namespace assay {

/// A folder that one process owns while it works there: a lock that dies with the process, and
/// log.jsonl. Every file is written atomically; nothing outside the folder is touched, not even
/// through a symbolic link planted in it.
class WorkFolder {
 public:
  /// Makes the folder where needed and locks it. UserError when another process holds it, when it
  /// is not empty and was not made by Assay, or when one of its parts is not what Assay makes.
  /// ToolError when it cannot be made.
  explicit WorkFolder(std::filesystem::path path);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// A path below the folder, as recorded in reports: "stages/01_import.onnx".
  std::filesystem::path file(std::string_view relative) const { return path_ / relative; }
  /// Makes a folder below it, with its parents. UserError when a part of the path is something
  /// else.
  void make_folder(std::string_view relative) const;
  /// The same, emptied; its path. For tools to work in.
  std::filesystem::path fresh_folder(std::string_view relative) const;
  /// Whether a folder below is there and no part of its path is a link.
  bool owns_folder(std::string_view relative) const;
  /// Removes what a killed process left of files that it was writing in a folder below, at any
  /// depth.
  void remove_half_written(std::string_view relative) const;
  void write(std::string_view relative, std::string_view bytes) const;
  /// Writes a report after checking it against its schema.
  void write_report(std::string_view relative, const AnyRecord& report) const;
  void remove(std::string_view relative) const;
  /// The files in a folder below, in no order.
  std::vector<std::filesystem::path> files(std::string_view folder) const;
  /// Appends a line to log.jsonl: {"time": ..., "event": event, ...}.
  void log(std::string_view event, const Json& details) const;

 private:
  std::filesystem::path path_;
  int lock_ = -1, log_ = -1;
};

/// The folder of one run: stages/, reports/, and what a killed run left half done removed.
class RunDir : public WorkFolder {
 public:
  explicit RunDir(std::filesystem::path path);
};

/// The page that shows the run, where one was written.
inline constexpr const char* kPageFile = "reports/report.html";

/// What is done with a run's folder once its reports are written, while it is still locked; may be
/// empty.
using RunFinished = std::function<void(const RunDir&)>;

/// The time of day in UTC: "2030-01-31T23:59:59Z".
std::string utc_now();

}  // namespace assay
