// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/fields.h"
#include "harness/report/json.h"

namespace assay {

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

/// Reads a report of the kind `schema` into a record of that kind. UserError, naming `what`, when the
/// text is no such report or breaks its schema.
void read_report(std::string_view text, std::string_view schema, std::string_view what,
                 const AnyRecord& record);
/// The same as a new record.
template <Record T>
T read_report(std::string_view text, std::string_view what) {
  T record{};
  read_report(text, T::kSchema, what, record);
  return record;
}

}  // namespace assay
