// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/backend/zynq/project.h"

namespace assay::zynq {

/// What programs read of a project: interfaces.json and assay_accelerator.h (streams, addresses,
/// registers), floorplan.json (where layers go), metadata.json (where things are).
std::vector<NodeRtl::File> project_interfaces(const ProjectSpec& spec, const Project& project);

}  // namespace assay::zynq
