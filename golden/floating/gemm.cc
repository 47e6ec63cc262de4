// SPDX-License-Identifier: Apache-2.0
#include "golden/floating/gemm.h"

#include <immintrin.h>

#include <algorithm>

#include "compile/base/error.h"
#include "golden/kernels/conv.h"

namespace assay {
namespace {

constexpr std::int64_t kRows = LeftOperand::kRows, kColumns = RightOperand::kColumns;
using Tile = float[kRows][kColumns];

void narrow_tile(std::int64_t depth, const float* left, const float* right, Tile& tile) {
  for (auto& row : tile) std::fill(row, row + kColumns, 0.0F);
  for (std::int64_t k = 0; k < depth; ++k, left += kRows, right += kColumns)
    for (std::int64_t r = 0; r < kRows; ++r)
      for (std::int64_t c = 0; c < kColumns; ++c) tile[r][c] += left[r] * right[c];
}

// The target has no fused multiply-add, so that both tiles round alike.
__attribute__((target("avx2"))) void wide_tile(std::int64_t depth, const float* left,
                                               const float* right, Tile& tile) {
  __m256 sum[kRows][2];
  for (auto& row : sum) row[0] = row[1] = _mm256_setzero_ps();
  for (std::int64_t k = 0; k < depth; ++k, left += kRows, right += kColumns) {
    const __m256 low = _mm256_loadu_ps(right), high = _mm256_loadu_ps(right + 8);
#pragma GCC unroll 6
    for (std::int64_t r = 0; r < kRows; ++r) {
      const __m256 x = _mm256_broadcast_ss(left + r);
      sum[r][0] = _mm256_add_ps(sum[r][0], _mm256_mul_ps(x, low));
      sum[r][1] = _mm256_add_ps(sum[r][1], _mm256_mul_ps(x, high));
    }
  }
  for (std::int64_t r = 0; r < kRows; ++r) {
    _mm256_storeu_ps(tile[r], sum[r][0]);
    _mm256_storeu_ps(tile[r] + 8, sum[r][1]);
  }
}

}  // namespace

LeftOperand::LeftOperand(const MatrixView& m) : rows_(m.rows), depth_(m.columns) {
  const std::int64_t panels = (rows_ + kRows - 1) / kRows;
  data_.resize(static_cast<std::size_t>(panels * depth_ * kRows));
  for (std::int64_t r = 0; r < rows_; ++r)
    for (std::int64_t k = 0; k < depth_; ++k)
      data_[static_cast<std::size_t>((r / kRows * depth_ + k) * kRows + r % kRows)] =
          m.data[r * m.row_step + k * m.column_step];
}

void RightOperand::reset(std::int64_t depth, std::int64_t columns) {
  depth_ = depth;
  columns_ = columns;
  const std::int64_t panels = (columns + kColumns - 1) / kColumns;
  data_.assign(static_cast<std::size_t>(panels * depth * kColumns), 0.0F);
}

void RightOperand::assign(const MatrixView& m) {
  reset(m.rows, m.columns);
  for (std::int64_t c = 0; c < m.columns; ++c)
    for (std::int64_t k = 0; k < m.rows; ++k)
      *at(k, c) = m.data[k * m.row_step + c * m.column_step];
}

void multiply(const LeftOperand& left, const RightOperand& right, float* out, std::int64_t row_step,
              std::int64_t column_step, bool wide) {
  ASSAY_INVARIANT(left.depth() == right.depth(), "the operands of a product do not fit");
  const auto compute = wide && best_isa() >= Isa::kAvx2 ? wide_tile : narrow_tile;
  Tile tile;
  for (std::int64_t c0 = 0; c0 < right.columns(); c0 += kColumns)
    for (std::int64_t r0 = 0; r0 < left.rows(); r0 += kRows) {
      compute(left.depth(), left.panel(r0 / kRows), right.panel(c0 / kColumns), tile);
      const std::int64_t rows = std::min(kRows, left.rows() - r0),
                         columns = std::min(kColumns, right.columns() - c0);
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c)
          out[(r0 + r) * row_step + (c0 + c) * column_step] = tile[r][c];
    }
}

}  // namespace assay
