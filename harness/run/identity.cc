// SPDX-License-Identifier: Apache-2.0
#include "harness/run/identity.h"

#include "compile/base/file.h"
#include "compile/base/hash.h"

namespace assay {

const char* assay_version() { return ASSAY_VERSION; }

report::Program assay_identity() {
  static const std::string program =
      sha256(read_file(std::filesystem::read_symlink("/proc/self/exe")));
  return {assay_version(), program};
}

report::Model model_identity(const std::string& bytes, const Graph& graph) {
  return {sha256(bytes), sha256(to_text(graph))};
}

report::Data data_identity(const ChosenImages& images) {
  report::Data data{images.set.name,
                    images.set.sha256,
                    images.first,
                    images.size(),
                    images.set.synthetic,
                    !images.set.labels.empty(),
                    {}};
  if (images.inputs.size() > 1) data.inputs = images.inputs;
  return data;
}

}  // namespace assay
