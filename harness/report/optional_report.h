// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "harness/report/schema.h"

namespace assay {

/// A report of an earlier command; nothing where it is missing, damaged or of another version. For those
/// whose work goes on without it.
template <Record T>
std::optional<T> optional_report(const std::filesystem::path& file) {
  try {
    return read_report<T>(read_file(file), file.string());
  } catch (const UserError&) {
    return {};
  }
}

}  // namespace assay
