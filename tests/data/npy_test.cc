// SPDX-License-Identifier: Apache-2.0
#include "golden/data/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/temp_dir.h"
#include "compile/base/error.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A file of format 1.0 with this dictionary.
std::string file_with(const std::string& dictionary, const std::string& data) {
  const std::string header = dictionary + "\n";
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header + data;
}

std::string decode_error(const std::string& bytes) {
  return message_of<UserError>([&] { decode_npy(bytes, "x.npy"); });
}

template <typename T>
NpyArray array_of(std::vector<T> values) {
  return make_npy<T>({static_cast<std::int64_t>(values.size())}, values);
}

/// numpy.save of arange(6, dtype='<f4').reshape(2, 3), numpy 2.4.
std::string numpy_file() {
  return std::string("\x93NUMPY\x01\x00v\x00", 10) +
         "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" + std::string(58, ' ') +
         "\n" + std::string("\0\0\0\0\0\0\x80?\0\0\0@\0\0@@\0\0\x80@\0\0\xa0@", 24);
}

TEST(Npy, ReadsAndWritesNumpysOwnBytes) {
  const NpyArray array = decode_npy(numpy_file(), "x.npy");
  EXPECT_THAT(array.shape, ElementsAre(2, 3));
  EXPECT_THAT(npy_values<float>(array), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(encode_npy(array), numpy_file());
}

TEST(Npy, WritesScalarsAndVectorsAsNumpyDoes) {
  const std::int64_t seven = 7;
  EXPECT_THAT(encode_npy(make_npy<std::int64_t>({}, std::span(&seven, 1))),
              HasSubstr("'shape': (), }" + std::string(62, ' ') + "\n"));
  EXPECT_THAT(
      encode_npy(array_of<std::int8_t>({1, 2, 3})),
      HasSubstr("'|i1', 'fortran_order': False, 'shape': (3,), }" + std::string(60, ' ') + "\n"));
}

template <typename T>
void expect_round_trip(std::vector<T> values) {
  const NpyArray array = array_of(values);
  const NpyArray back = decode_npy(encode_npy(array), "x.npy");
  EXPECT_EQ(back.type, array.type);
  EXPECT_EQ(back.shape, array.shape);
  EXPECT_EQ(npy_values<T>(back), values);
  EXPECT_EQ((encode_npy(array).size() - sizeof(T) * values.size()) % 64, 0u);
}

TEST(Npy, RoundTripsEveryType) {
  expect_round_trip<float>({-0.5F, std::numeric_limits<float>::denorm_min(), INFINITY});
  expect_round_trip<double>({0.1, -1e300});
  expect_round_trip<std::uint8_t>({0, 255});
  expect_round_trip<std::int8_t>({-128, 127});
  expect_round_trip<std::int16_t>({-32768, 32767});
  expect_round_trip<std::uint16_t>({0, 65535});
  expect_round_trip<std::int32_t>({INT32_MIN, INT32_MAX});
  expect_round_trip<std::int64_t>({INT64_MIN, INT64_MAX});
  expect_round_trip<std::int64_t>({});
}

TEST(Npy, RoundTripsThroughAFile) {
  const TempDir dir;
  const NpyArray array = array_of<std::int16_t>({1, -2});
  write_npy(dir.path() / "a.npy", array);
  EXPECT_EQ(read_npy(dir.path() / "a.npy").bytes, array.bytes);
  EXPECT_THROW(write_npy(dir.path() / "missing" / "a.npy", array), ToolError);
}

TEST(Npy, ReadsFormat2AndAnyOrderOfTheKeys) {
  const std::string header = "{'shape':(1,),'descr':'|u1','fortran_order':False}\n";
  std::string file("\x93NUMPY\x02\x00", 8);
  file += static_cast<char>(header.size());
  file += std::string(3, '\0') + header + "\x2a";
  EXPECT_THAT(npy_values<std::uint8_t>(decode_npy(file, "x.npy")), ElementsAre(42));
  EXPECT_THAT(decode_npy(file_with("{'descr': '|u1', 'fortran_order': False, 'shape': (0, 5)}", ""),
                         "x.npy")
                  .bytes,
              IsEmpty());
}

TEST(Npy, RefusesEveryTruncationAndExtraBytes) {
  const std::string good = numpy_file();
  for (std::size_t length = 0; length < good.size(); ++length) {
    SCOPED_TRACE(length);
    EXPECT_THROW(decode_npy(good.substr(0, length), "x.npy"), UserError);
  }
  EXPECT_THAT(decode_error(good.substr(0, good.size() - 1)), HasSubstr("holds 23 bytes"));
  EXPECT_THAT(decode_error(good + "x"), HasSubstr("holds 25 bytes"));
}

std::string header_of(const char* descr, const char* order, const char* shape) {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}", descr, order, shape);
}

TEST(Npy, TurnsBigEndianElementsRound) {
  const NpyArray numbers = decode_npy(
      file_with(header_of(">i2", "False", "(2,)"), std::string("\x01\x02\xff\xfe", 4)), "x.npy");
  EXPECT_THAT(npy_values<std::int16_t>(numbers), ElementsAre(0x102, -2));
  const NpyArray reals = decode_npy(
      file_with(header_of(">f4", "False", "(1,)"), std::string("\x3f\x80\0\0", 4)), "x.npy");
  EXPECT_THAT(npy_values<float>(reals), ElementsAre(1.0F));
}

TEST(Npy, BringsFortransOrderIntoC) {
  // numpy.asfortranarray([[1, 2, 3], [4, 5, 6]]) lies column by column.
  const NpyArray matrix = decode_npy(
      file_with(header_of("|u1", "True", "(2, 3)"), "\x01\x04\x02\x05\x03\x06"), "x.npy");
  EXPECT_THAT(matrix.shape, ElementsAre(2, 3));
  EXPECT_THAT(npy_values<std::uint8_t>(matrix), ElementsAre(1, 2, 3, 4, 5, 6));
  // arange(8).reshape(2, 2, 2), 16 bits, big-endian: element (i, j, k) lies at i + 2 j + 4 k.
  std::string cube;
  for (const char value : {0, 4, 2, 6, 1, 5, 3, 7}) cube += {'\0', value};
  EXPECT_THAT(npy_values<std::int16_t>(
                  decode_npy(file_with(header_of(">i2", "True", "(2, 2, 2)"), cube), "x.npy")),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(decode_npy(file_with(header_of("|u1", "True", "(0, 3)"), ""), "x.npy").bytes,
              IsEmpty());
}

TEST(Npy, ReadsBoolsAsZeroAndOne) {
  const NpyArray bools =
      decode_npy(file_with(header_of("|b1", "False", "(2,)"), std::string("\1\0", 2)), "x.npy");
  EXPECT_THAT(npy_values<std::uint8_t>(bools), ElementsAre(1, 0));
  EXPECT_THAT(decode_error(file_with(header_of("|b1", "False", "(2,)"), "\1\2")),
              HasSubstr("element 1 is 2, which is no bool"));
}

TEST(Npy, RefusesTypesOrdersAndVersionsItDoesNotRead) {
  for (const char* descr : {">f2", "<f2", "<u4", ">b1", "|u2", "|O", "<c8", "<U3", "", "|V4"}) {
    SCOPED_TRACE(descr);
    EXPECT_THAT(
        decode_error(file_with(
            fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': (1,), }}", descr),
            "xxxx")),
        AllOf(HasSubstr("x.npy"), HasSubstr("astype")));
  }
  EXPECT_THAT(decode_error(file_with(header_of("|u1", "true", "(1,)"), "x")),
              HasSubstr("numpy does not write"));
  std::string version3 = numpy_file();
  version3[6] = 3;
  EXPECT_THAT(decode_error(version3), HasSubstr("format 1.0 or 2.0"));
  EXPECT_THAT(decode_error("PK\x03\x04 an .npz file"), HasSubstr("no .npy file"));
}

TEST(Npy, RefusesHeadersThatNumpyDoesNotWrite) {
  const std::string type = "'descr': '|u1', ";
  const std::string order = "'fortran_order': False, ";
  for (const std::string& dictionary :
       {std::string(""),
        std::string("{}"),
        "{" + type + order + "}",
        "{" + type + "'shape': (1,), }",
        "{" + order + "'shape': (1,), }",
        "{" + type + order + "'shape': (1,), 'x': 1}",
        "{" + type + type + order + "'shape': (1,)}",
        "{" + type + order + "'shape': (1)}",
        "{" + type + order + "'shape': 1}",
        "{" + type + order + "'shape': (1L,)}",
        "{" + type + order + "'shape': (-1,)}",
        "{" + type + order + "'shape': (1 1)}",
        "{" + type + order + "'shape': (,)}",
        "{" + type + order + "'shape': (99999999999999999999,)}",
        "{" + type + order + "'shape': (1,), } junk",
        "{" + type + order + "'shape': (1,), ",
        "{" + type + "'fortran_order': 0, 'shape': (1,)}",
        "{" + type + order + "'shape': __import__('os')}",
        "{" + type + order + " 'shape' (1,)}",
        "{" + type + "'fortran_order': False 'shape': (1,)}",
        std::string("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}")}) {
    SCOPED_TRACE(dictionary);
    EXPECT_THAT(decode_error(file_with(dictionary, "x")), HasSubstr("numpy does not write"));
  }
}

TEST(Npy, RefusesShapesThatOverflow) {
  const auto with_shape = [](const std::string& shape) {
    return file_with("{'descr': '<f8', 'fortran_order': False, 'shape': (" + shape + ")}", "");
  };
  EXPECT_THAT(decode_error(with_shape("4294967296, 4294967296")), HasSubstr("announces more than"));
  EXPECT_THAT(decode_error(with_shape("9223372036854775807, 2")), HasSubstr("announces more than"));
  EXPECT_THAT(decode_error(with_shape("0, 9223372036854775807, 9")),
              HasSubstr("announces more than"));
  std::string ones = "1";
  for (int i = 0; i < 32; ++i) ones += ", 1";
  EXPECT_THAT(decode_error(with_shape(ones)), HasSubstr("33 axes"));
}

template <typename From>
std::string float32_error(From value) {
  return message_of<UserError>([&] { as_float32(array_of<From>({value}), "x.npy"); });
}

TEST(Npy, ConvertsToFloat32OnlyExactly) {
  EXPECT_THAT(as_float32(array_of<std::uint8_t>({0, 255}), "x"), ElementsAre(0.0F, 255.0F));
  EXPECT_THAT(as_float32(array_of<std::int64_t>({1 << 24, -(std::int64_t{1} << 62)}), "x"),
              ElementsAre(16777216.0F, -0x1p62F));
  EXPECT_THAT(as_float32(array_of<double>({0.5, -INFINITY}), "x"), ElementsAre(0.5F, -INFINITY));
  EXPECT_TRUE(std::isnan(as_float32(array_of<double>({NAN}), "x")[0]));
  EXPECT_THAT(float32_error<std::int32_t>((1 << 24) + 1),
              AllOf(HasSubstr("element 0 is 16777217"), HasSubstr("float32")));
  EXPECT_THAT(float32_error<std::int64_t>(INT64_MAX), HasSubstr("exactly"));
  EXPECT_THAT(float32_error(0.1), HasSubstr("exactly"));
  EXPECT_THAT(float32_error(1e300), HasSubstr("exactly"));
  EXPECT_THAT(float32_error(1e-300), HasSubstr("exactly"));
}

TEST(Npy, ConvertsToFloat64OnlyExactly) {
  EXPECT_THAT(as_float64(array_of<float>({0.1F}), "x"), ElementsAre(double{0.1F}));
  EXPECT_THAT(as_float64(array_of<std::int64_t>({std::int64_t{1} << 53}), "x"),
              ElementsAre(0x1p53));
  EXPECT_THROW(as_float64(array_of<std::int64_t>({(std::int64_t{1} << 53) + 1}), "x"), UserError);
  EXPECT_THROW(as_float64(array_of<std::int64_t>({INT64_MAX}), "x"), UserError);
}

TEST(Npy, ConvertsToIntegersOnlyExactly) {
  EXPECT_THAT(as_int64(array_of<float>({-3.0F, -0x1p63F}), "x"), ElementsAre(-3, INT64_MIN));
  for (const float bad : {0.5F, 0x1p63F, -0x1.000002p63F, NAN, INFINITY, -INFINITY}) {
    SCOPED_TRACE(bad);
    EXPECT_THROW(as_int64(array_of<float>({bad}), "x"), UserError);
  }
  EXPECT_THAT(as_uint8(array_of<double>({0, 255}), "x"), ElementsAre(0, 255));
  for (const double bad : {-1.0, 256.0, 254.5, 255.5, -0.25}) {
    SCOPED_TRACE(bad);
    EXPECT_THROW(as_uint8(array_of<double>({bad}), "x"), UserError);
  }
  EXPECT_THROW(as_uint8(array_of<std::int8_t>({-1}), "x"), UserError);
  EXPECT_THROW(as_uint8(array_of<std::int16_t>({256}), "x"), UserError);
}

TEST(NpyDeathTest, AnArrayWhoseBytesDoNotFitIsOurBug) {
  EXPECT_DEATH(encode_npy({{2}, NpyType::kFloat32, {}}), "do not fit");
  EXPECT_DEATH(npy_values<float>(array_of<double>({1})), "another type");
}

}  // namespace
}  // namespace assay
