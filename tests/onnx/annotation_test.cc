// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <string>

#include "compile/base/error.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

void annotate(TestModel& model, const std::string& tensor, const std::string& key,
              const std::string& value) {
  auto* annotation = model.graph().add_quantization_annotation();
  annotation->set_tensor_name(tensor);
  auto* entry = annotation->add_quant_parameter_tensor_names();
  entry->set_key(key);
  entry->set_value(value);
}

TEST(Annotation, DataTypesAndLayoutsAreApplied) {
  TestModel model = quant_model();
  annotate(model, "x", "finn_datatype", "UINT8");
  annotate(model, "x", "tensor_layout", "['N', 'C']");
  annotate(model, "bits", "finn_datatype", "UINT3");
  annotate(model, "y", "finn_datatype", "FLOAT16");
  annotate(model, "y", "", "");
  const Graph graph = model.import();
  EXPECT_EQ(graph.find_tensor("x")->dtype, DataType::uint(8));
  EXPECT_EQ(graph.find_tensor("x")->layout, Layout::kNC);
  EXPECT_EQ(graph.find_tensor("bits")->dtype, DataType::uint(3));
  EXPECT_EQ(graph.find_tensor("y")->dtype, DataType::float32());
}

TEST(Annotation, SparsityIsUnderstoodAndHasNoEffect) {
  const std::string plain = to_text(quant_model().import());
  for (const char* literal : {"{'dw': {'kernel_shape': [3, 3]}}", "{0: {1, 2}, 1: set}"}) {
    TestModel model = quant_model();
    annotate(model, "x", "tensor_sparsity", literal);
    if (std::string(literal).find("set") != std::string::npos) {
      EXPECT_THROW(model.import(), UserError) << "a name is no literal";
    } else {
      EXPECT_EQ(to_text(model.import()), plain);
    }
  }
}

TEST(Annotation, UnknownLayoutsAreIgnoredWithARemark) {
  const std::string plain = to_text(quant_model().import());
  for (const auto& [list, shown] :
       std::map<std::string, std::string>{{"['N', 'C', 'x']", "[N, C, x]"},
                                          {"['N', 'X']", "[N, X]"},
                                          {"['batch', 'features']", "[batch, features]"}}) {
    TestModel model = quant_model();
    annotate(model, "x", "tensor_layout", list);
    std::vector<std::string> remarks;
    EXPECT_EQ(to_text(import_bytes(model.bytes(), {}, "model", &remarks)), plain);
    ASSERT_EQ(remarks.size(), 1) << list;
    EXPECT_THAT(remarks[0], ::testing::HasSubstr("tensor 'x': its layout " + shown));
  }
}

TEST(Annotation, FixedPointConstantsMustBeOnTheGrid) {
  TestModel model = quant_model();
  annotate(model, "scale", "finn_datatype", "FIXED<4,2>");  // 0.5 = 2/4
  EXPECT_EQ(model.import().find_tensor("scale")->dtype, DataType::fixed(4, 2));
}

/// The constant that `fill` writes into an initializer of `type`.
Tensor read(int type, TestModel::Ints dims, const std::function<void(onnx::TensorProto&)>& fill) {
  TestModel model = relu_model();
  fill(model.tensor("c", dims, type));
  Tensor tensor;
  const Graph graph = model.import();
  const Tensor* found = graph.find_tensor("c");
  tensor.container = found->container;
  tensor.dtype = found->dtype;
  tensor.constant = found->constant;
  return tensor;
}

using T = onnx::TensorProto;

TEST(Initializer, HalfFloatsAreExact) {
  // 1, -2, the smallest subnormal, the largest finite number.
  const std::uint16_t bits[] = {0x3C00, 0xC000, 0x0001, 0x7BFF};
  const auto check = [](const Tensor& t) {
    EXPECT_EQ(t.constant->floats()[0], 1.0F);
    EXPECT_EQ(t.constant->floats()[1], -2.0F);
    EXPECT_EQ(t.constant->floats()[2], 0x1p-24F);
    EXPECT_EQ(t.constant->floats()[3], 65504.0F);
  };
  check(read(T::FLOAT16, {4}, [&](T& t) { t.set_raw_data(bits, sizeof bits); }));
  check(read(T::FLOAT16, {4}, [&](T& t) {
    for (const auto b : bits) t.add_int32_data(b);
  }));
}

TEST(Initializer, DoublesThatFloat32CannotHoldStayExact) {
  const Tensor exact =
      read(T::DOUBLE, {2}, [](T& t) { t.add_double_data(0.1), t.add_double_data(0.5); });
  ASSERT_TRUE(exact.constant->is_real());
  EXPECT_EQ(exact.constant->real(0), Real::of(0.1));
  EXPECT_TRUE(read(T::DOUBLE, {}, [](T& t) { t.add_double_data(0.25); }).constant->is_float());
}

TEST(Initializer, EveryIntegerTypeIsReadRawAndTyped) {
  const Tensor bytes = read(T::INT8, {2}, [](T& t) { t.set_raw_data("\x80\x7f"); });
  EXPECT_EQ(bytes.constant->ints()[0], -128);
  EXPECT_EQ(bytes.container, Container::kInt8);
  EXPECT_EQ(bytes.dtype, DataType::sint(8));
  EXPECT_EQ(read(T::UINT8, {}, [](T& t) { t.set_raw_data("\xff"); }).constant->ints()[0], 255);
  EXPECT_EQ(read(T::INT16, {}, [](T& t) { t.set_raw_data("\xff\xff"); }).constant->ints()[0], -1);
  EXPECT_EQ(read(T::UINT16, {}, [](T& t) { t.set_raw_data("\xff\xff"); }).constant->ints()[0],
            65535);
  EXPECT_EQ(read(T::INT32, {}, [](T& t) { t.add_int32_data(-7); }).container, Container::kInt32);
  EXPECT_EQ(read(T::UINT32, {}, [](T& t) { t.add_uint64_data(4294967295U); }).constant->ints()[0],
            4294967295);
  EXPECT_EQ(
      read(T::INT64, {}, [](T& t) { t.add_int64_data(std::numeric_limits<std::int64_t>::min()); })
          .constant->ints()[0],
      std::numeric_limits<std::int64_t>::min());
  EXPECT_THROW(read(T::UINT64, {}, [](T& t) { t.add_uint64_data(std::uint64_t{1} << 63); }),
               UserError);
}

TEST(Initializer, ListedAsAnInputIsNoInput) {
  TestModel model = quant_model();
  model.input("scale", {});
  const Graph graph = model.import();
  EXPECT_EQ(graph.inputs().size(), 1);
  EXPECT_TRUE(graph.find_tensor("scale")->is_constant());
}

}  // namespace
}  // namespace assay
