// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace assay {

/// Makes legal, distinct identifiers of a model's names, which may hold anything.
class Identifiers {
 public:
  /// `name` with every other character than letters and digits as '_', no two of them in a row,
  /// none at either end; an 'n' in front of a digit or of nothing; at most 64 characters, and a
  /// number behind what is taken, by whatever case.
  std::string make(std::string_view name);

 private:
  std::set<std::string> taken_;  ///< in lower case
};

}  // namespace assay
