// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/dialect.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/hw_ops.h"
#include "compile/graph/op.h"
#include "compile/graph/ops.h"
#include "compile/onnx/model.h"
#include "compile/onnx/rules.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, 4> kQonnxDomains = {ops::kQonnxDomain, "onnx.brevitas",
                                                           "finn.custom_op.general", "finn"};

bool contains(const auto& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

/// Old exporters put quantisers into the standard domain.
bool is_stray_quantiser(std::string_view type) {
  return type == "Quant" || type == "BipolarQuant" || type == "Trunc";
}

[[noreturn]] void unsupported(std::string_view domain, std::string_view type) {
  if (type == "TruncQuant")
    user_error(
        "operator TruncQuant has no published definition; export with dynamo=False, which writes "
        "Trunc");
  std::set<std::string_view> known;
  for (const OpInfo& info : op_registry())
    if (info.domain == domain) known.insert(info.type);
  for (const RuleEntry& entry : rules())
    if (entry.domain == domain) known.insert(entry.type);
  user_error("operator {} of domain '{}' is not supported; supported there: {}", printable(type),
             domain.empty() ? "ai.onnx" : domain, fmt::join(known, ", "));
}

}  // namespace

ResolvedOp resolve_op(std::string_view domain, std::string_view type) {
  const bool standard = is_standard_domain(domain);
  if (type == "DebugMarker" && !standard) return {"brevitas.onnx", "DebugMarker"};
  if (contains(kQonnxDomains, domain) || (standard && is_stray_quantiser(type))) {
    const std::string_view name = type == "IntQuant" ? "Quant" : type;
    if (!find_op(ops::kQonnxDomain, name)) unsupported(ops::kQonnxDomain, type);
    return {std::string(ops::kQonnxDomain), std::string(name)};
  }
  if (domain == kChannelsLastDomain || domain == kMicrosoftDomain) {
    if (!find_rule(domain, type)) unsupported(domain, type);
    return {std::string(domain), std::string(type)};
  }
  if (domain == ops::kAssayDomain || domain == hw::kHwDomain) {
    if (!find_op(domain, type)) unsupported(domain, type);
    return {std::string(domain), std::string(type)};
  }
  if (!standard)
    user_error(
        "operator {} is of domain '{}', which is not supported; ai.onnx, {}, {}, {}, {}, {} and "
        "brevitas.onnx are",
        printable(type), printable(domain), fmt::join(kQonnxDomains, ", "), kChannelsLastDomain,
        kMicrosoftDomain, ops::kAssayDomain, hw::kHwDomain);
  if (!find_op("", type) && !find_rule("", type)) unsupported("", type);
  return {"", std::string(type)};
}

}  // namespace assay
