// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// What keeps a network from going on, as a value: where several are wanted, none is thrown.
struct Refusal {
  std::string where;  ///< "node 'conv1' (Conv)"; empty: the whole network
  std::string why;    ///< "problem; remedy"

  /// Of a message that may begin with `where`.
  static Refusal of(std::string where, std::string_view message) {
    if (!where.empty() && message.starts_with(where + ": "))
      message.remove_prefix(where.size() + 2);
    return {std::move(where), std::string(message)};
  }
};

}  // namespace assay
