// SPDX-License-Identifier: Apache-2.0
#pragma once

// The generated header wants to know which of ONNX's schemas it belongs to: the one of Debian's
// package.
#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#endif
#include <onnx/onnx_pb.h>
