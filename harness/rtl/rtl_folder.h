// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compile/hw/layer.h"
#include "harness/report/rtl.h"
#include "harness/rtl/memory_check.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/simulation_options.h"
#include "harness/run/rtl_manifest.h"
#include "sim/model/model.h"

namespace assay {

/// The folder of a hardware node, "rtl/conv": another one for every name, and none of rtl-top's.
std::string node_folder(std::string_view node);

/// The RTL of a level in a run's folder: generated there, or taken as it lies. rtl/manifest.json says
/// what was generated, so that nobody's edits are overwritten or passed over.
class RtlFolder {
 public:
  struct File {
    std::string path, text;  ///< "rtl/top/accelerator.sv"
  };

  /// UserError for RTL that is not as it was generated, unless the options say what to do about it.
  /// RTL of other stages is removed. All must outlive it.
  RtlFolder(std::string_view level, const RtlSession& session, const SimulationOptions& options);

  bool as_is() const { return options_.as_is; }
  /// The folders that the level works with, some of its own or all.
  void choose(std::vector<std::string> folders, bool all);
  /// Makes these the files of the chosen folders; taken as they lie, those are held against them. A process that
  /// dies on the way leaves nothing that looks like an edit. UserError when what lies there is other
  /// than what this program generates from this stage, whatever the manifest says.
  void write(const std::vector<File>& files);
  /// The sources in a folder. UserError when there are none, a file cannot be taken or is none of the
  /// generated ones and no source, or one speaks of a `reserved` module, which the simulation has
  /// around them.
  std::vector<sim::SourceFile> sources(const std::string& folder,
                                       const std::vector<std::string>& reserved) const;
  /// Hash of what lies in a folder beside sources: the memories.
  std::string data_hash(const std::string& folder) const;
  /// Reads a node's memories, `prefix` in front of their names, and compares them with the graph. As
  /// they lie some may be missing, of another form or not loaded by the sources, of which these are the
  /// `literals`: then their values are not compared.
  MemoryCheck read_memories(const Node& node, const hw::Layer& layer, const std::string& folder,
                            const std::string& prefix,
                            const std::vector<std::string>& literals) const;
  /// What a verdict is about.
  report::RtlFiles identity() const;
  /// Writes a verdict on all folders into the manifest. UserError when files were changed meanwhile.
  void carry(const report::RtlHead& head) const;

 private:
  bool chosen(const std::string& path) const;
  /// Taken as it lies, and other than what this program generates there.
  bool edited(const std::string& path) const;
  RtlHashes chosen(const RtlHashes& files) const;
  report::RtlManifest manifest() const;
  void write_manifest(const report::RtlManifest::Level& level) const;
  report::RtlManifest::Level section(const report::RtlManifest& manifest) const;
  void refuse_other(const report::RtlManifest& manifest, const RtlHashes& wanted) const;
  void replace(const RtlHashes& wanted, const std::vector<File>& files) const;

  const std::string level_;
  const RtlSession& session_;
  const SimulationOptions& options_;
  std::vector<std::string> folders_;
  bool all_ = true;
  RtlHashes files_;      ///< of the chosen folders
  RtlHashes generated_;  ///< what would lie there instead of what is taken as it is
};

}  // namespace assay
