// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/graph/op.h"
#include "compile/onnx/proto.h"

namespace assay {

/// The value of a TensorProto.
struct TensorValue {
  Constant constant;
  Container container = Container::kFloat32;
  bool is_bool = false;
  std::optional<DataType> narrow;  ///< when the element type holds less than the container
};

/// Reads TensorProtos: typed or raw data, inline or external. Sizes are checked before anything is
/// allocated.
class TensorReader {
 public:
  /// `folder` holds external data; empty refuses it.
  explicit TensorReader(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// UserError that names the tensor `what`.
  TensorValue read(const onnx::TensorProto& proto, std::string_view what);

 private:
  std::string_view external_bytes(const onnx::TensorProto& proto, std::string_view what,
                                  std::uint64_t wanted);
  std::filesystem::path folder_;
  std::map<std::string, std::string> files_;
};

/// The container of an ONNX element type; nothing for types that the IR does not have. Every
/// floating-point type is kFloat32.
std::optional<Container> element_container(int element_type);
/// The integers of an element type that holds less than its container: those of 2 and 4 bits.
std::optional<DataType> narrow_type(int element_type);
std::string element_type_text(int element_type);
/// Sizes of one axis are limited so that products of a few of them cannot overflow. UserError.
void check_shape(const Shape& shape);

}  // namespace assay
