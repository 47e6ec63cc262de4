// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

/// Reports on suites.
namespace assay::report {

/// `assay regress`
struct Regress {
  static constexpr std::string_view kSchema = "assay.regress/1";
  static std::vector<std::string_view> standings() {
    return {"equal",       "improved",    "within tolerance", "regressed",
            "no baseline", "other setup", "failed",           "missing"};
  }
  struct Metric {
    std::string metric, node;
    std::int64_t value = 0;
    void fields(Fields& f);
  };
  struct Change {
    std::string metric, node;
    std::optional<std::int64_t> before, now;
    std::string standing;
    void fields(Fields& f);
  };
  struct Case {
    std::string case_name, level, verdict, reason, standing, text;
    bool accepted = false, tool_failed = false;
    std::vector<Metric> metrics;
    std::vector<Change> changes;
    void fields(Fields& f);
  };
  std::string suite;
  Program assay;
  bool updated = false, passed = false;
  std::int64_t exit_code = 0;
  std::vector<Case> cases;
  void fields(Fields& f);
};

/// `assay history`
struct History {
  static constexpr std::string_view kSchema = "assay.history/1";
  struct Metric {
    std::string metric, node;
    std::int64_t value = 0;
    std::optional<std::int64_t> delta;
    void fields(Fields& f);
  };
  struct Run {
    std::int64_t run = 0;
    std::string time, suite;
    Program assay;
    bool baseline = false;
    std::optional<bool> same_setup;
    std::string verdict;
    std::vector<Metric> metrics;
    void fields(Fields& f);
  };
  struct Case {
    std::string case_name, level;
    std::vector<Run> runs;
    void fields(Fields& f);
  };
  std::vector<Case> cases;
  void fields(Fields& f);
};

}  // namespace assay::report
