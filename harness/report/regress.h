// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

/// Reports on suites.
namespace assay::report {

/// `assay regress`
struct Regress {
  static constexpr std::string_view kSchema = "assay.regress/1";
  static std::vector<std::string_view> standings() {
    return {"equal", "improved", "regressed", "no baseline", "other setup", "failed"};
  }
  struct Metric {
    std::string metric, node;
    std::int64_t value = 0;
    void fields(Fields& f) {
      f("metric", metric);
      f("node", node);
      f.any_sign("value", value);
    }
  };
  struct Change {
    std::string metric, node;
    std::optional<std::int64_t> before, now;
    std::string standing;
    void fields(Fields& f) {
      f("metric", metric);
      f("node", node);
      f.any_sign("before", before);
      f.any_sign("now", now);
      f.word("standing", standing, standings());
    }
  };
  struct Case {
    std::string case_name, level, verdict, reason, standing, text;
    bool accepted = false, tool_failed = false;
    std::vector<Metric> metrics;
    std::vector<Change> changes;
    void fields(Fields& f) {
      f("case", case_name);
      f("level", level);
      f.word("verdict", verdict, {"EQUIVALENT", "DIFFERENT", "INCONCLUSIVE", "FAILED"});
      f("reason", reason);
      f.word("standing", standing, standings());
      f("text", text);
      f("accepted", accepted);
      f("tool_failed", tool_failed);
      f("metrics", metrics);
      f("changes", changes);
    }
  };
  std::string suite;
  Program assay;
  bool updated = false, passed = false;
  std::int64_t exit_code = 0;
  std::vector<Case> cases;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("suite", suite);
    f("assay", assay);
    f("updated", updated);
    f("passed", passed);
    f("exit_code", exit_code);
    f("cases", cases);
  }
};

/// `assay history`
struct History {
  static constexpr std::string_view kSchema = "assay.history/1";
  struct Metric {
    std::string metric, node;
    std::int64_t value = 0;
    std::optional<std::int64_t> delta;
    void fields(Fields& f) {
      f("metric", metric);
      f("node", node);
      f.any_sign("value", value);
      f.any_sign("delta", delta);
    }
  };
  struct Run {
    std::int64_t run = 0;
    std::string time, suite;
    Program assay;
    bool baseline = false;
    std::optional<bool> same_setup;
    std::string verdict;
    std::vector<Metric> metrics;
    void fields(Fields& f) {
      f("run", run);
      f("time", time);
      f("suite", suite);
      f("assay", assay);
      f("baseline", baseline);
      f("same_setup", same_setup);
      f("verdict", verdict);
      f("metrics", metrics);
    }
  };
  struct Case {
    std::string case_name, level;
    std::vector<Run> runs;
    void fields(Fields& f) {
      f("case", case_name);
      f("level", level);
      f("runs", runs);
    }
  };
  std::vector<Case> cases;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("cases", cases);
  }
};

}  // namespace assay::report
