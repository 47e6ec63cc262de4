// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "compile/hw/resource_model.h"

/// Parameters that depend on the position of a pixel, as thresholds do behind a padded border:
/// rtl/assay_position_row.sv.
namespace assay::hw {

/// Lines of a frame that have the same parameters are one class, and so are columns. The parameters
/// of a pixel are those of the two classes that it belongs to. Classes are numbered as they appear.
struct PositionRows {
  std::vector<std::int64_t> lines, columns;  ///< the class of each
  /// The place in the parameters where those of a pixel begin, per class of lines and columns,
  /// row-major.
  std::vector<std::int64_t> pixels;

  std::int64_t column_classes() const;
  std::int64_t count() const { return static_cast<std::int64_t>(pixels.size()); }
};

/// The classes of a frame [.., W, C], lines being all axes but the last two. Its parameters `values`,
/// of shape `parameters` [.., channels, steps], have leading axes that broadcast to the frame's.
PositionRows position_rows(const Shape& frame, const Shape& parameters,
                           const std::vector<std::int64_t>& values);

/// Adds the parameters Height, Width, PixelBeats, LineFile and ColumnFile, the memory need and,
/// with `with_images`, the contents: "lines.hex" and "columns.hex", one number a word, whose sum is
/// the first of the `beats` rows of the pixel's class. Words have the bits of a row's number.
void add_position_rows(Layer& layer, const PositionRows& rows, std::int64_t beats,
                       bool with_images);

/// What assay_position_row takes, by these parameters and ThresholdRows.
void estimate_position_row(ResourceModel& m, const ModuleParameters& p);

}  // namespace assay::hw
