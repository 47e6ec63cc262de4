// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/backend/zynq/project.h"

namespace assay::zynq {

/// What Vivado runs: project.tcl, synth.tcl, impl.tcl, report.tcl, constraints.xdc, and build.sh, which
/// runs all of it.
std::vector<NodeRtl::File> project_scripts(const ProjectSpec& spec, const Project& project);

}  // namespace assay::zynq
