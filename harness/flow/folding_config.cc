// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/folding_config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/passes/layers/folding_config.h"
#include "harness/report/json.h"

namespace assay {
namespace {

constexpr std::uint64_t kMaxBytes = 64 << 20;

FoldingValue value_of(const Json& value, const std::string& where) {
  if (value.is_boolean()) return std::int64_t{value.get<bool>()};
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) return value.get<std::string>();
  const auto is_integer = [](const Json& item) { return item.is_number_integer(); };
  if (value.is_array() && std::ranges::all_of(value, is_integer))
    return value.get<std::vector<std::int64_t>>();
  user_error("{} is neither an integer, nor a string, nor a list of integers", where);
}

/// Refuses what no layer of any network could follow.
void check_entry(const std::string& shown, const std::string& node, const std::string& field,
                 const FoldingValue& value) {
  std::optional<std::string> allowed;
  try {
    allowed = folding_value_fault(field, value);
  } catch (const UserError& error) {
    user_error("{}: '{}': {}", shown, printable(node), error.what());
  }
  if (allowed)
    user_error("{}: '{}' of '{}' cannot be that; choose one of {}", shown, printable(field),
               printable(node), *allowed);
}

}  // namespace

FoldingConfig read_folding_config(const std::filesystem::path& file) {
  const std::string shown = printable(file.string(), 4096);
  const Json json = parse_json(read_file(file, kMaxBytes), shown);
  if (!json.is_object()) user_error("{}: it should be an object of nodes", shown);
  FoldingConfig config;
  for (const auto& [node, fields] : json.items()) {
    if (!fields.is_object())
      user_error("{}: '{}' should be an object of fields", shown, printable(node));
    FoldingConfig::mapped_type& wishes = config[node];
    for (const auto& [field, value] : fields.items()) {
      wishes[field] = value_of(
          value, fmt::format("{}: '{}' of '{}'", shown, printable(field), printable(node)));
      check_entry(shown, node, field, wishes[field]);
    }
  }
  return config;
}

std::string folding_config_text(const FoldingConfig& config) {
  Json json = Json::object();
  for (const auto& [node, fields] : config)
    for (const auto& [field, value] : fields)
      std::visit([&, &name = node, &key = field](const auto& v) { json[name][key] = v; }, value);
  return json_text(json);
}

std::int64_t cycles_per_frame(double fps, double clock_mhz) {
  constexpr double kMost = 1e15;
  const double cycles = std::floor(clock_mhz * 1e6 / fps);
  if (!(cycles >= 1))
    user_error("{} frames per second are more than one per cycle of {} MHz", fps, clock_mhz);
  return static_cast<std::int64_t>(std::min(cycles, kMost));
}

}  // namespace assay
