// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "build/results.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"
#include "support/kept_folder.h"

namespace assay {

inline void make_collectable(const std::filesystem::path& folder) {
  const std::filesystem::path model = save_tiny(folder / "tiny.onnx"), done = folder / "out";
  for (const auto& [code, command] :
       {std::pair{0, std::vector<std::string>{"run", model.string(), "--images", "3", "--device",
                                              "pynq_z1", "--out", done.string()}},
        {0, {"verify", done.string(), "--level", "rtl-top", "--profiles", "always"}},
        {3, {"build", done.string(), "--target", "Pynq-Z1"}}}) {
    const CommandResult result = run_assay(command);
    if (result.code != code) throw std::runtime_error(command[0] + ": " + result.err + result.out);
  }
  const std::filesystem::path project = done / "build/Pynq-Z1", results = folder / "results";
  const auto plan = Json::parse(read_file(project / "floorplan.json"));
  std::string layer;
  for (const auto& [node, place] : plan.items())
    if (node != "Defaults" && layer.empty()) layer = place["instance"];
  vivado_results::leave(project, results, layer);
  write_file(results / "netlist.v", vivado_results::netlist_of(project, folder / "work"));
  vivado_results::sum_up(results);
}

/// A run of a small network with a project for Pynq-Z1, out; what a Vivado could have left of it, with the netlist that
/// Yosys makes in its place, results. Made once.
inline void fill_with_collectable(const std::filesystem::path& folder) {
  testing::fill_from_kept(folder, "tiny_for_collect", make_collectable);
}

}  // namespace assay
