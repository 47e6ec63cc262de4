// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "compile/onnx/proto.h"

namespace assay {

inline constexpr std::string_view kChannelsLastDomain = "qonnx.custom_op.channels_last";
/// onnxruntime's operators.
inline constexpr std::string_view kMicrosoftDomain = "com.microsoft";

/// The operator set versions a file imports.
class Opsets {
 public:
  /// UserError when a domain is imported twice with different versions or the standard one is
  /// missing but used.
  explicit Opsets(const onnx::ModelProto& model);
  std::int64_t standard() const { return standard_; }
  /// The version for nodes of `domain` (as spelt in the file): 1 when a custom domain is not
  /// imported, which is what exporters that leave it out mean.
  std::int64_t version(std::string_view domain) const;

 private:
  std::map<std::string, std::int64_t, std::less<>> versions_;
  std::int64_t standard_ = 0;
};

/// Parses the bytes of a file within limits, and refuses what is no inference graph (functions,
/// training, sparse initialisers).
onnx::ModelProto parse_model(std::string_view bytes);

bool is_standard_domain(std::string_view domain);

/// Names travel into JSON and messages: UserError unless valid UTF-8. `what` says whose name it is.
void check_name(std::string_view name, std::string_view what);

}  // namespace assay
