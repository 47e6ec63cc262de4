// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// An operator of a file under the names of the IR, or one that a rule brings there.
struct ResolvedOp {
  std::string domain, type;
};

/// Resolves every domain string and alias that exporters write. UserError that says what is
/// supported; without the node's name.
ResolvedOp resolve_op(std::string_view domain, std::string_view type);

}  // namespace assay
