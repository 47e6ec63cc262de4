// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

/// A process beside this one that kills what this one started, and what that started in turn, as
/// soon as this one is dead, however it died. Process groups are what it knows.
namespace assay {

/// Starts the guard unless there is one. ToolError when that fails.
void start_guard();
/// Puts a process group under guard until it is released. Calls nothing that must not be called
/// between vfork and exec, so that a program can register itself before it is one.
void guard_group(pid_t group);
void release_group(pid_t group);

}  // namespace assay
