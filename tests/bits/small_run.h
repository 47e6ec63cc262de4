// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/integer_network.h"
#include "harness/run_command.h"
#include "support/kept_folder.h"

namespace assay {

inline void succeed(const std::vector<std::string>& command) {
  const CommandResult result = run_assay_as_is(command);
  if (result.code != 0) throw std::runtime_error(command[0] + ": " + result.err + result.out);
}

/// A small residual network, net.onnx, and its run to the stitched RTL, out, in `folder`.
inline void fill_with_small_run(const std::filesystem::path& folder) {
  testing::fill_from_kept(folder, "run", [](const std::filesystem::path& made) {
    const std::filesystem::path model = save_integer_network(made / "net.onnx");
    succeed({"run", model.string(), "--images", "6", "--target-cycles", "512", "--out",
             (made / "out").string()});
  });
}

/// The same, built for `target` by `build`'s options `more`.
inline void fill_with_small_build(const std::filesystem::path& folder, const std::string& target,
                                  const std::vector<std::string>& more) {
  testing::fill_from_kept(folder, target, [&](const std::filesystem::path& made) {
    fill_with_small_run(made);
    std::vector<std::string> command = {"build", (made / "out").string(), "--target", target};
    command.insert(command.end(), more.begin(), more.end());
    succeed(command);
  });
}

}  // namespace assay
