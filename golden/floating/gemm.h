// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace assay {

/// A view of a matrix: element (r, c) is data[r * row_step + c * column_step].
struct MatrixView {
  const float* data;
  std::int64_t rows, columns, row_step, column_step;
};

/// The left operand of a product, packed for the kernel.
class LeftOperand {
 public:
  static constexpr std::int64_t kRows = 6;

  LeftOperand() = default;
  explicit LeftOperand(const MatrixView& matrix);
  std::int64_t rows() const { return rows_; }
  std::int64_t depth() const { return depth_; }
  /// Rows kRows * index onward: [depth][kRows], missing rows are zero.
  const float* panel(std::int64_t index) const { return data_.data() + index * depth_ * kRows; }

 private:
  std::int64_t rows_ = 0, depth_ = 0;
  std::vector<float> data_;
};

/// The right operand: panels of kColumns columns, each [depth][kColumns], missing columns are zero.
class RightOperand {
 public:
  static constexpr std::int64_t kColumns = 16;

  /// All zero, for a caller that fills it in. Reuses the memory of former contents.
  void reset(std::int64_t depth, std::int64_t columns);
  void assign(const MatrixView& matrix);
  float* at(std::int64_t row, std::int64_t column) {
    return data_.data() + (column / kColumns * depth_ + row) * kColumns + column % kColumns;
  }
  const float* panel(std::int64_t index) const { return data_.data() + index * depth_ * kColumns; }
  std::int64_t depth() const { return depth_; }
  std::int64_t columns() const { return columns_; }

 private:
  std::int64_t depth_ = 0, columns_ = 0;
  std::vector<float> data_;
};

/// out[r * row_step + c * column_step] = sum over k of left(r, k) * right(k, c): for every element
/// one float32 accumulator that starts at +0 and takes the products in the order of k, each product
/// and each sum rounded. `wide` = false keeps to the baseline instruction set; the result is the
/// same.
void multiply(const LeftOperand& left, const RightOperand& right, float* out, std::int64_t row_step,
              std::int64_t column_step, bool wide = true);

}  // namespace assay
