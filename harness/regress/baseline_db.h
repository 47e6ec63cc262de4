// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/regress/measurement.h"

struct sqlite3;

namespace assay {

/// One `assay regress`.
struct RegressRun {
  std::int64_t id = 0;
  std::string time;  ///< UTC: "2030-01-31T23:59:59Z"
  std::string suite, version, program;
};

struct RecordedMeasurement {
  RegressRun run;
  Measurement measurement;  ///< metrics in the order they were recorded
  bool baseline = false;    ///< accepted, and no later one is
};

struct BaselineName {
  std::string case_name, level;
};

/// Measurements over time, and which of them are the baselines: an SQLite file. Every change is one
/// transaction.
class BaselineDb {
 public:
  enum class Access { kRead, kWrite };
  /// Writing, the file is made when it is not there. UserError when it is missing (reading), no
  /// database of Assay's, damaged, of a newer form, or in use; ToolError when SQLite fails.
  BaselineDb(const std::filesystem::path& file, Access access);
  ~BaselineDb();
  BaselineDb(const BaselineDb&) = delete;
  BaselineDb& operator=(const BaselineDb&) = delete;

  /// What is to be compared with; nothing when none was accepted yet.
  std::optional<Measurement> baseline(const std::string& case_name, const std::string& level) const;
  /// The baselines that runs of a suite were accepted as, by case and level.
  std::vector<BaselineName> baselines_of(const std::string& suite) const;
  /// Records a run with all its measurements; those at the indices `accepted` become baselines, and
  /// the `forgotten` are none any more.
  void record(const RegressRun& run, const std::vector<Measurement>& measurements,
              const std::vector<std::size_t>& accepted,
              const std::vector<BaselineName>& forgotten = {});
  /// Everything recorded, by case, level and time; of one case unless `case_name` is empty.
  std::vector<RecordedMeasurement> history(const std::string& case_name) const;

 private:
  class Statement;
  void execute(const char* sql) const;
  void check_form(Access access);
  void make_tables();
  /// Add rows and return their ids.
  std::int64_t insert(const RegressRun& run);
  std::int64_t insert(std::int64_t run, const Measurement& m);
  void accept(const Measurement& m, std::int64_t id);  ///< as the baseline of its case
  void forget(const BaselineName& name);
  std::vector<Metric> metrics(std::int64_t measurement) const;
  [[noreturn]] void fail() const;

  std::filesystem::path file_;
  sqlite3* db_ = nullptr;
};

}  // namespace assay
