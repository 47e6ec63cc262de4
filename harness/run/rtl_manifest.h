// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/rtl_manifest.h"
#include "harness/run/run_dir.h"

/// What lies in rtl/ of a run's folder, and what rtl/manifest.json says of it. Every file below
/// rtl/ belongs to a level: those of rtl/top and rtl/top_N to rtl-top, all others to rtl-node.
namespace assay {

inline constexpr const char* kRtlManifest = "rtl/manifest.json";

/// SHA-256 by path in the run's folder, "rtl/top/accelerator.sv".
using RtlHashes = std::map<std::string, std::string>;

/// The level that a path below rtl/ belongs to.
std::string_view rtl_level_of(std::string_view path);

/// The files of a level as they lie there, without the manifest. Links and devices are no files:
/// they get the word "link" or "device" instead of a hash.
RtlHashes rtl_files(const std::filesystem::path& dir, std::string_view level);

/// SHA-256 over paths and hashes: which RTL a verdict is about.
std::string rtl_sha256(const RtlHashes& files);

/// The manifest, without levels where there is none. UserError when it is damaged.
report::RtlManifest read_rtl_manifest(const std::filesystem::path& dir);
report::RtlManifest::Level* find_level(report::RtlManifest& manifest, std::string_view level);

/// How the files of a level differ from what was generated.
struct RtlEdits {
  std::vector<std::string> edited, added, missing;
  bool none() const { return edited.empty() && added.empty() && missing.empty(); }
  std::vector<std::string> all() const;
  std::string text() const;  ///< "edited: rtl/top/a.sv; missing: rtl/top/b.sv"
};
/// `generated`: what the manifest says of the level; null: nothing. Of a level that was being written
/// when its process died, files before and after count as generated.
RtlEdits rtl_edits(const report::RtlManifest::Level* generated, const RtlHashes& files);

/// UserError that names what a level's RTL differs in and how to go on.
[[noreturn]] void refuse_edits(const std::filesystem::path& dir, std::string_view level,
                               const RtlEdits& edits);

/// UserError when RTL was edited since it was generated, unless it is EQUIVALENT as it is: `assay
/// verify --as-is` found so of these very files.
void require_unedited_rtl(const std::filesystem::path& dir);
/// The same for one level.
void require_unedited_rtl(const std::filesystem::path& dir, report::RtlManifest& manifest,
                          std::string_view level);

/// Removes RTL that was generated from another stage than the one with this hash, and the reports
/// on it. What users edited stays.
void remove_stale_rtl(const RunDir& dir, const std::string& stage_sha256);

}  // namespace assay
