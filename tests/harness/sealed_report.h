// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "harness/report/json.h"

namespace assay {

/// Changes a report behind Assay's back.
inline void edit_report(const std::filesystem::path& file, const std::function<void(Json&)>& edit) {
  Json report = Json::parse(read_file(file));
  edit(report);
  write_file(file, json_text(report));
}

/// The same by somebody who knows how its checksum is made.
inline void forge_report(const std::filesystem::path& file,
                         const std::function<void(Json&)>& edit) {
  edit_report(file, [&](Json& report) {
    edit(report);
    report.erase("checksum");
    report["checksum"] = sha256(json_text(report));
  });
}

}  // namespace assay
