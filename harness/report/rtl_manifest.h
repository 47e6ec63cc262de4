// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

namespace assay::report {

/// The RTL that a verdict is about.
struct RtlFiles {
  bool as_is = false;               ///< as it lay there, rather than generated
  std::string sha256;               ///< over path and SHA-256 of every file
  std::vector<std::string> edited;  ///< paths that are not as generated: changed, added or missing
  void fields(Fields& f);
  friend bool operator==(const RtlFiles&, const RtlFiles&) = default;
};

/// The verdict that the files of a level carry.
struct CarriedVerdict {
  Verdict verdict = Verdict::kInconclusive;
  RtlFiles rtl;
  Data data;
  std::int64_t images = 0;
  std::uint64_t seed = 0;
  std::vector<std::string> profiles;
  std::int64_t predicted = 0, compared = 0, differing = 0;
  void fields(Fields& f);
};

/// rtl/manifest.json
struct RtlManifest {
  static constexpr std::string_view kSchema = "assay.rtl-manifest/1";
  /// What a level generated: of all nodes, or of the accelerator.
  struct Level {
    std::string level;
    Program assay;
    std::string stage, stage_sha256;
    std::vector<File> files;
    /// What lay there when the files began to be written; nothing once they are all there.
    std::optional<std::vector<File>> before;
    std::optional<CarriedVerdict> carried;
    void fields(Fields& f);
  };
  std::vector<Level> levels;
  void fields(Fields& f);
};

}  // namespace assay::report
