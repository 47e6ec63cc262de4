// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/json.h"

namespace assay {

inline constexpr std::string_view kRunSchema = "assay.run/1", kStageSchema = "assay.stage/1",
                                  kTimingSchema = "assay.timing/1",
                                  kAccuracySchema = "assay.accuracy/1",
                                  kCompareSchema = "assay.compare/1",
                                  kBisectSchema = "assay.bisect/1", kShowSchema = "assay.show/1",
                                  kShowRunSchema = "assay.show-run/1", kDataSchema = "assay.data/1",
                                  kExecSchema = "assay.exec/1", kScalesSchema = "assay.scales/1",
                                  kStreamlineSchema = "assay.streamline/1",
                                  kExplainSchema = "assay.explain/1",
                                  kRtlNodeSchema = "assay.rtl-node/1",
                                  kFifosSchema = "assay.fifos/1", kRtlTopSchema = "assay.rtl-top/1",
                                  kFoldingSchema = "assay.folding/1",
                                  kBenchSchema = "assay.bench/1",
                                  kRegressSchema = "assay.regress/1",
                                  kHistorySchema = "assay.history/1";

/// The schema of a kind of report, made from its record (fields.h), by the value of the report's "schema" entry. A subset of JSON
/// Schema: type (a name or a list of names), properties, required, additionalProperties (false, or
/// a schema), items, enum and minimum. Null when unknown.
const Json* find_schema(std::string_view name);
/// The names that find_schema knows.
std::vector<std::string> schema_names();

/// Where `report` breaks the schema that it names: "path: what", or nothing when it keeps to it.
std::vector<std::string> schema_violations(const Json& report);

/// Aborts when the report breaks its schema: every report passes here before it leaves Assay.
const Json& checked_report(const Json& report);

}  // namespace assay
