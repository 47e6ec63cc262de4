// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/base/hash.h"
#include "harness/report/fields.h"

/// Reports that carry a checksum in a field `std::optional<std::string> checksum`: the SHA-256 of
/// their own text without that field.
namespace assay {

template <Record T>
std::string checksum_of(T report) {
  report.checksum.reset();
  return sha256(json_text(to_json(report)));
}

template <Record T>
void seal(T& report) {
  report.checksum = checksum_of(report);
}

/// Whether the report says what it said when it was sealed.
template <Record T>
bool is_sealed(const T& report) {
  return report.checksum == checksum_of(report);
}

}  // namespace assay
