// SPDX-License-Identifier: Apache-2.0
#include "harness/report/schema.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "harness/report/bits.h"
#include "harness/report/build.h"
#include "harness/report/hardware.h"
#include "harness/report/host.h"
#include "harness/report/inspect.h"
#include "harness/report/lint.h"
#include "harness/report/query.h"
#include "harness/report/regress.h"
#include "harness/report/rtl.h"
#include "harness/report/rtl_manifest.h"
#include "harness/report/run.h"
#include "harness/report/selftest.h"
#include "harness/report/system.h"
#include "harness/report/vivado.h"
#include "harness/report/weights.h"

namespace assay {
namespace {

/// Every kind of report, by the value of its "schema" entry.
const std::map<std::string_view, Json>& schemas() {
  static const std::map<std::string_view, Json> all = [] {
    std::map<std::string_view, Json> result;
    const auto add = [&]<typename... T>() { ((result[T::kSchema] = json_schema(T{})), ...); };
    using namespace report;
    add.operator()<AccuracyReport, Bench, Bisect, Bits, Build, Compare, DataReport, Exec, Explain,
                   Fifos, Folding, History, Host, Inspect, Lint, Regress, RtlManifest, RtlNode,
                   RtlTop, Run, Scales, Selftest, Show, ShowRun, Stage, Streamline, System, Timing,
                   Vivado, Weights>();
    return result;
  }();
  return all;
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  ASSAY_INVARIANT(type == "null", "a schema names the unknown type '" + type + "'");
  return value.is_null();
}

class Validator {
 public:
  std::vector<std::string> violations;

  void check(const Json& value, const Json& schema, const std::string& path) {
    if (!check_type(value, schema, path)) return;
    if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end())
      fail(path, "has the unexpected value " + value.dump());
    if (schema.contains("minimum") && value.is_number() &&
        value.get<double>() < schema["minimum"].get<double>())
      fail(path, "is below " + schema["minimum"].dump());
    if (value.is_object()) check_object(value, schema, path);
    if (value.is_array() && schema.contains("items"))
      for (std::size_t i = 0; i < value.size(); ++i)
        check(value[i], schema["items"], path + "/" + std::to_string(i));
  }

 private:
  void fail(const std::string& path, const std::string& what) {
    violations.push_back((path.empty() ? "/" : path) + ": " + what);
  }

  bool check_type(const Json& value, const Json& schema, const std::string& path) {
    if (!schema.contains("type")) return true;
    const Json& type = schema["type"];
    const bool ok =
        type.is_array()
            ? std::ranges::any_of(
                  type, [&](const Json& t) { return has_type(value, t.get<std::string>()); })
            : has_type(value, type.get<std::string>());
    if (!ok) fail(path, "is not of type " + type.dump());
    return ok;
  }

  void check_object(const Json& value, const Json& schema, const std::string& path) {
    const Json none = Json::object();
    const Json& properties = schema.contains("properties") ? schema["properties"] : none;
    if (schema.contains("required"))
      for (const Json& key : schema["required"])
        if (!value.contains(key.get<std::string>())) fail(path, "lacks " + key.dump());
    for (const auto& [key, entry] : value.items()) {
      if (properties.contains(key)) {
        check(entry, properties[key], path + "/" + key);
      } else if (schema.contains("additionalProperties")) {
        const Json& rest = schema["additionalProperties"];
        if (rest.is_object())
          check(entry, rest, path + "/" + key);
        else if (!rest.get<bool>())
          fail(path, "has the unknown entry \"" + key + "\"");
      }
    }
  }
};

}  // namespace

const Json* find_schema(std::string_view name) {
  const auto it = schemas().find(name);
  return it == schemas().end() ? nullptr : &it->second;
}

std::vector<std::string> schema_names() {
  std::vector<std::string> names;
  for (const auto& [name, schema] : schemas()) names.emplace_back(name);
  return names;
}

std::vector<std::string> schema_violations(const Json& report) {
  if (!report.is_object() || !report.contains("schema") || !report["schema"].is_string())
    return {"/: is no object with a \"schema\" entry"};
  const Json* schema = find_schema(report["schema"].get<std::string>());
  if (!schema) return {"/schema: names no known schema"};
  Validator validator;
  validator.check(report, *schema, "");
  return validator.violations;
}

const Json& checked_report(const Json& report) {
  const std::vector<std::string> violations = schema_violations(report);
  ASSAY_INVARIANT(violations.empty(), "a report breaks its schema: " + violations.front());
  return report;
}

void read_report(std::string_view text, std::string_view schema, std::string_view what,
                 const AnyRecord& record) {
  const Json report = parse_json(text, what);
  const std::vector<std::string> violations = schema_violations(report);
  if (!violations.empty())
    user_error("'{}' is damaged or of another version ({})", what, violations.front());
  if (report.at("schema") != schema)
    user_error("'{}' is a report of another kind, {}", what, report.at("schema").dump());
  read_fields(report, record);
}

}  // namespace assay
