// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The operators of all hardware layers: every header of compile/graph/hw (compile/graph/hw_op.h has
/// what they share).
#include "generated/hw_layers.h"
