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

/// A run of a small network to the stitched RTL. The last layer's weights lie in a block RAM, as those
/// of larger networks do, and its input is so narrow that a small part has pins for it; the folding's file
/// is made beside `out`.
inline std::vector<std::string> small_run(const std::filesystem::path& model,
                                          const std::filesystem::path& out) {
  const std::filesystem::path folding = out.parent_path() / "folding.json";
  write_file(folding, R"({"MatMul_0": {"mem_mode": "decoupled", "ram_style": "block"},
                          "Conv_0_im2col_pad": {"SIMD": 1}})");
  return {"run", model.string(), "--images",       "6",     "--target-cycles",
          "512", "--folding",    folding.string(), "--out", out.string()};
}

/// A small residual network, net.onnx, and its run, out, in `folder`.
inline void fill_with_small_run(const std::filesystem::path& folder) {
  testing::fill_from_kept(folder, "run", [](const std::filesystem::path& made) {
    succeed(small_run(save_integer_network(made / "net.onnx"), made / "out"));
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
