// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/host/c_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compile/base/error.h"

namespace assay::host {
namespace {

using ::testing::HasSubstr;

DriverStream stream_of(DataType dtype, Shape shape) {
  DriverStream stream;
  stream.layout.name = "a \"b\\c\"?";
  stream.layout.tensor = "t";
  stream.layout.shape = std::move(shape);
  stream.layout.dtype = dtype;
  stream.layout.lanes = 2;
  stream.layout.beats = 6;
  stream.layout.beat_bytes = 3;
  stream.mover.name = "idma0";
  stream.mover.beat_bytes = 3;
  stream.mover.choice.memory_bits = 128;
  stream.address = 0xa0010000;
  return stream;
}

DriverSpec spec_of(const DriverStream& stream) {
  DriverSpec spec;
  spec.network = "net";
  spec.content_hash = std::string(64, 'f');
  spec.clock_mhz = 142.5;
  spec.inputs = {stream};
  return spec;
}

std::string text_of(const DriverSpec& spec, std::string_view name) {
  const std::vector<NodeRtl::File> files = c_host(spec);
  return std::ranges::find(files, name, &NodeRtl::File::name)->text;
}

std::string refusal_of(const DriverStream& stream) {
  try {
    c_host(spec_of(stream));
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(CHost, DescribesAStream) {
  DriverStream stream = stream_of(DataType::sint(9), {1, 2, 3, 2});
  const std::string usual = text_of(spec_of(stream), "accelerator.h");
  EXPECT_THAT(
      usual,
      HasSubstr(R"({"a \042b\134c\042\077", "t", "idma0", 0xa0010000u, 128, "INT9", 9, 1, 0, 4, )"
                R"({1, 2, 3, 2}, {0, 1, 2, 3}, 2u, 6u, 3u, 4u, 0},)"));
  EXPECT_THAT(usual,
              HasSubstr("\"" + std::string(64, 'f') + "\", 142.5, 1, 0, assay_streams, NULL}"));
  stream.layout.perm = {0, 3, 1, 2};
  stream.layout.dtype = DataType::bipolar();
  const std::string other = text_of(spec_of(stream), "accelerator.h");
  EXPECT_THAT(other, HasSubstr("\"BIPOLAR\", 1, 0, 1, 4, {1, 2, 3, 2}, {0, 3, 1, 2},"));
}

TEST(CHost, TakesTheBoardThatItIsFor) {
  DriverSpec spec = spec_of(stream_of(DataType::uint(4), {1, 12}));
  EXPECT_EQ(text_of(spec, "usual.mk"), "BOARD ?= board.cpp\n");
  spec.by_xrt = true;
  EXPECT_EQ(text_of(spec, "usual.mk"), "BOARD ?= board_xrt.cpp\n");
  EXPECT_THAT(text_of(spec, "board_xrt.cpp"), HasSubstr("xrt::kernel"));
}

TEST(CHost, DescribesRunTimeWeights) {
  DriverSpec spec = spec_of(stream_of(DataType::uint(4), {1, 12}));
  spec.weights = {"accelerator0", 0xa0020000, 0x2000, {}};
  spec.weights->stores.push_back({"a \"b\"", "a_weights.hex", {"weights.hex", 3, 40, 5}, 0x1000});
  const std::string text = text_of(spec, "accelerator.h");
  // Three lanes of two columns each, in a stride of eight.
  EXPECT_THAT(text, HasSubstr(R"({"a \042b\042", "a_weights.hex", 0x1000u, 5u, 6u, 8u},)"));
  EXPECT_THAT(text, HasSubstr("0xa0020000u, 0x2000u, 1, 40, 1, assay_stores}"));
  EXPECT_THAT(text, HasSubstr("assay_streams, &assay_runtime_weights}"));
  EXPECT_THAT(text_of(spec, "assay_registers.h"), HasSubstr("#define ASSAY_WEIGHTS_HELD 0x04u\n"));
}

TEST(CHost, KnowsTheRegisters) {
  const std::string text =
      text_of(spec_of(stream_of(DataType::uint(4), {1, 12})), "assay_registers.h");
  EXPECT_THAT(text, HasSubstr("#define ASSAY_REGISTER_BEAT_BYTES 0x34u\n"));
  EXPECT_THAT(text, HasSubstr("#define ASSAY_BIT_CONTROL_DONE 0x2u\n"));
  EXPECT_THAT(text, HasSubstr("{1, \"decode_error\", \"a response of the memory was DECERR\"}"));
}

TEST(CHost, RefusesWhatItsValuesCannotHold) {
  EXPECT_EQ(refusal_of(stream_of(DataType::uint(63), {1, 12})), "");
  EXPECT_EQ(refusal_of(stream_of(DataType::sint(64), {1, 12})), "");
  EXPECT_THAT(refusal_of(stream_of(DataType::uint(64), {1, 12})), HasSubstr("is UINT64"));
  EXPECT_THAT(refusal_of(stream_of(DataType::float32(), {1, 12})), HasSubstr("is FLOAT32"));
  EXPECT_THAT(refusal_of(stream_of(DataType::uint(4), {1, 1, 1, 1, 1, 1, 1, 12, 1})),
              HasSubstr("at most 8 axes"));
  DriverSpec many = spec_of(stream_of(DataType::uint(4), {1, 12}));
  many.outputs.assign(32, many.inputs[0]);
  EXPECT_THROW(c_host(many), UserError);
}

}  // namespace
}  // namespace assay::host
