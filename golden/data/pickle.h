// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// One batch of CIFAR-10's python version.
struct CifarBatch {
  std::vector<std::uint8_t> pixels;  ///< labels.size() * 3072 bytes, planes R, G, B
  std::vector<std::uint8_t> labels;  ///< 0 to 9
};

/// Reads a pickle of protocol 2 that holds what CIFAR-10's batches hold: a dict with 'data' (a
/// uint8 array (N, 3072) in C order), 'labels' (a list of N integers) and, unused, 'batch_label'
/// and 'filenames'. It understands the opcodes of those files alone, as Python 2 and Python 3 write
/// them, and calls nothing: the globals numpy.core.multiarray._reconstruct, numpy.ndarray,
/// numpy.dtype and _codecs.encode are recognised by name and checked argument by argument.
/// UserError naming `name`, the opcode and its offset for everything else.
CifarBatch parse_cifar_batch(std::string_view bytes, const std::string& name);

}  // namespace assay
