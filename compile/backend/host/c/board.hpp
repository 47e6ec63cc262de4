// SPDX-License-Identifier: Apache-2.0
// What main.cpp asks of the machine that it runs on: board.cpp has it for Linux on a board, board_xrt.cpp for a card
// behind XRT.
#pragma once

#include <cstddef>
#include <memory>

#include "assay_host.h"

class Board {
 public:
  virtual ~Board() = default;
  virtual assay_access access() = 0;
  /// Contiguous memory that this mover reaches; it lives as long as the board.
  virtual assay_buffer allocate(unsigned mover, std::size_t bytes) = 0;
};

std::unique_ptr<Board> open_board(const assay_description& description);
