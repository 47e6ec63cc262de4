// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json.h"

namespace assay {

/// A folder that one run owns: stages/, reports/, log.jsonl and a lock. Every file is written
/// atomically; nothing outside the folder is touched, not even through a symbolic link planted in
/// it.
class RunDir {
 public:
  /// Makes the folder where needed and locks it. UserError when another run holds it, when it is
  /// not empty and not a run's folder, or when one of its parts is not what a run makes. ToolError
  /// when it cannot be made.
  explicit RunDir(std::filesystem::path path);
  ~RunDir();
  RunDir(const RunDir&) = delete;
  RunDir& operator=(const RunDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// A path below the folder, as recorded in reports: "stages/01_import.onnx".
  std::filesystem::path file(std::string_view relative) const { return path_ / relative; }
  /// Makes a folder below it, with its parents. UserError when a part of the path is something
  /// else.
  void make_folder(std::string_view relative) const;
  void write(std::string_view relative, std::string_view bytes) const;
  /// Writes a report after checking it against its schema.
  void write_report(std::string_view relative, const Json& report) const;
  void remove(std::string_view relative) const;
  /// The files in "stages" or "reports", in no order.
  std::vector<std::filesystem::path> files(std::string_view folder) const;
  /// Appends a line to log.jsonl: {"time": ..., "event": event, ...}. The only place with
  /// the time of day.
  void log(std::string_view event, const Json& details) const;

 private:
  std::filesystem::path path_;
  int lock_ = -1, log_ = -1;
};

}  // namespace assay
