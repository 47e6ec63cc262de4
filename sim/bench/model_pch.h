// SPDX-License-Identifier: Apache-2.0
// Precompiled for simulation programs: these headers take longer to read than most designs to
// compile.
#pragma once

#include <verilated.h>

#include <cstring>
#include <stdexcept>

#include "sim/bench/model_glue.h"
