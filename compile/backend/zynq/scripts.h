// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "compile/backend/zynq/project.h"

namespace assay::zynq {

/// The end of build.sh: copies what there is of `files`, which the shell expands, into the folder results, with
/// identity.json and the SHA-256 of each.
std::string results_text(std::string_view files);

/// What Vivado runs: project.tcl, synth.tcl, impl.tcl, report.tcl, constraints.xdc, and build.sh, which
/// runs all of it.
std::vector<NodeRtl::File> project_scripts(const ProjectSpec& spec, const Project& project);

}  // namespace assay::zynq
