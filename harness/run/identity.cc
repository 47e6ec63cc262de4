// SPDX-License-Identifier: Apache-2.0
#include "harness/run/identity.h"

#include <nlohmann/json.hpp>

#include "compile/base/file.h"
#include "compile/base/hash.h"

namespace assay {

const char* assay_version() { return ASSAY_VERSION; }

Json assay_identity() {
  static const std::string program =
      sha256(read_file(std::filesystem::read_symlink("/proc/self/exe")));
  return {{"version", assay_version()}, {"sha256", program}};
}

Json model_identity(const std::string& bytes, const Graph& graph) {
  return {{"sha256", sha256(bytes)}, {"graph_sha256", sha256(to_text(graph))}};
}

Json data_identity(const ChosenImages& images) {
  return {{"name", images.set.name},
          {"sha256", images.set.sha256},
          {"first", images.first},
          {"images", images.size()},
          {"synthetic", images.set.synthetic},
          {"labels", !images.set.labels.empty()}};
}

}  // namespace assay
