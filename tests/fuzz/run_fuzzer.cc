// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes either run through all stages or are refused with a UserError, before anything but what was
// finished is left; no stage ever differs from the network that was imported.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "compile/base/error.h"
#include "harness/flow/flow.h"
#include "sim/model/temporary_folder.h"

namespace {

using assay::UserError;
using assay::Verdict;

/// Two made-up images through every stage.
assay::FlowOptions options_in(const std::filesystem::path& folder) {
  assay::FlowOptions options;
  options.model = folder / "model.onnx";
  options.out = folder / "out";
  options.images.images = "2";
  assay::settle(options);
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const assay::sim::TemporaryFolder folder(std::filesystem::temp_directory_path() / "assay-fuzz");
  const assay::FlowOptions options = options_in(folder.path());
  std::ofstream(options.model, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  std::ostringstream out, err;
  try {
    const assay::FlowResult result = assay::run_flow(options, {out, err, false, true});
    if (result.verdict == Verdict::kDifferent) {
      std::fprintf(stderr, "a stage differs\n%s\n", result.table.c_str());
      __builtin_trap();
    }
  } catch (const UserError&) {
    return 0;
  }
  return 0;
}
