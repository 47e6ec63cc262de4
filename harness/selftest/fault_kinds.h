// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/selftest/draw.h"
#include "harness/selftest/sandbox.h"

namespace assay {

/// The commands that a fault may be shown to.
inline constexpr const char* kRunCommand = "run";
inline constexpr const char* kTopCommand = "verify --level rtl-top";
inline constexpr const char* kNodeCommand = "verify --level rtl-node";
inline constexpr const char* kCheckCommand = "show --check";

/// One artefact that was changed.
struct Fault {
  std::string file;    ///< its name in the sandbox
  std::string change;  ///< what, for people
};

/// A way in which an artefact may be wrong. A fault is shown to one of the commands, which has to
/// notice it, or undo it, on its own.
struct FaultKind {
  std::string name;                   ///< "stage: weight"
  std::string changes;                ///< for people
  std::vector<std::string> commands;  ///< those that look at the artefact
  std::int64_t every = 1;  ///< it is planted in every so manieth round: more for slow ones
  /// Plants one; nothing when the run has no such artefact.
  std::function<std::optional<Fault>(const Sandbox& box, Draw& draw)> plant;
  /// The file is a network, and one that gives the same results on the run's images is no fault.
  bool by_results = false;
};

/// All of them. In the sandbox, a run is in run/, its model in model/, its images in data/ and the
/// user's cache folder is cache/.
std::vector<FaultKind> fault_kinds();

}  // namespace assay
