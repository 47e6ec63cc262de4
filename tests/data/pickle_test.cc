// SPDX-License-Identifier: Apache-2.0
#include "golden/data/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "data/samples.h"
#include "golden/data/dataset.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// `count` images; a byte of every value occurs.
std::string pixels(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count * 3072; ++i) out += static_cast<char>(i % 256);
  return out;
}

std::string parse_error(const std::string& bytes) {
  return message_of<UserError>([&] { parse_cifar_batch(bytes, "batch"); });
}

/// What Python 3.11 with numpy 2 writes at protocol 2 for {b'batch_label', b'labels': [3, 8],
/// b'data': 2 images of 0x41, b'filenames'}, that is, for a batch read with encoding='bytes'.
std::string python3_batch_with_bytes_keys() {
  constexpr char kHead[] =
      "\x80\x02}q\x00(c_codecs\nencode\nq\x01X\x0b\x00\x00\x00"
      "batch_labelq\x02X\x06\x00\x00\x00latin1q\x03\x86q\x04Rq\x05h\x01X\x14\x00\x00\x00"
      "testing batch 1 of 1q\x06h\x03\x86q\x07Rq\x08h\x01X\x06\x00\x00\x00labelsq\th\x03\x86q\nRq"
      "\x0b]q\x0c(K\x03K\x08"
      "eh\x01X\x04\x00\x00\x00"
      "dataq\rh\x03\x86q\x0eRq\x0f"
      "cnumpy._core.multiarray\n_reconstruct\nq\x10"
      "cnumpy\nndarray\nq\x11K\x00\x85q\x12h\x01X\x01\x00\x00\x00"
      "bq\x13h\x03\x86q\x14Rq\x15\x87q\x16Rq\x17(K\x01K\x02M\x00\x0c\x86q\x18"
      "cnumpy\ndtype\nq\x19X\x02\x00\x00\x00u1q\x1a\x89\x88\x87q\x1bRq\x1c(K\x03X\x01\x00\x00\x00"
      "|q\x1dNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x1e"
      "b\x89h\x01X\x00\x18\x00\x00";
  constexpr char kTail[] =
      "q\x1fh\x03\x86q Rq!tq\"bh\x01X\t\x00\x00\x00"
      "filenamesq#h\x03\x86q$Rq%]q&(h\x01X\x05\x00\x00\x00"
      "a.pngq'h\x03\x86q(Rq)h\x01X\x05\x00\x00\x00"
      "b.pngq*h\x03\x86q+Rq,eu.";
  return std::string(kHead, sizeof(kHead) - 1) + std::string(2 * 3072, 'A') +
         std::string(kTail, sizeof(kTail) - 1);
}

TEST(Pickle, ReadsABatchAsPython2WroteIt) {
  const CifarBatch batch = parse_cifar_batch(PickleParts({3, 8}, pixels(2)).all(), "batch");
  EXPECT_THAT(batch.labels, ElementsAre(3, 8));
  const std::string expected = pixels(2);
  EXPECT_TRUE(std::equal(batch.pixels.begin(), batch.pixels.end(), expected.begin(), expected.end(),
                         [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }));
}

TEST(Pickle, ReadsABatchAsPython3WritesItAtProtocol2) {
  const CifarBatch batch = parse_cifar_batch(python3_batch_with_bytes_keys(), "batch");
  EXPECT_THAT(batch.labels, ElementsAre(3, 8));
  EXPECT_EQ(batch.pixels, std::vector<std::uint8_t>(2 * 3072, 'A'));
}

TEST(Pickle, ReadsTextKeysAndLatin1Bytes) {
  PickleParts parts({5}, "");
  // 0xC8 as text is U+00C8, two bytes of UTF-8.
  std::string text;
  for (int i = 0; i < 3072; ++i) text += "\xc3\x88";
  parts.data = std::string("\x89") + "c_codecs\nencode\n" + std::string("X\x00\x18\x00\x00", 5) +
               text + std::string("X\x06\x00\x00\x00latin1\x86R", 13);
  const CifarBatch batch = parse_cifar_batch(parts.all(), "batch");
  EXPECT_EQ(batch.pixels, std::vector<std::uint8_t>(3072, 0xc8));
}

TEST(Pickle, ReadsTheCountAsALong) {
  PickleParts parts({5}, pixels(1));
  parts.state = "(" + pickle_number(1) + "\x8a\x01\x01" + pickle_number(3072) + "\x86";
  EXPECT_THAT(parse_cifar_batch(parts.all(), "batch").labels, ElementsAre(5));
}

TEST(Pickle, RefusesEveryTruncation) {
  const std::string good = PickleParts({3}, pixels(1)).all();
  for (std::size_t length = 0; length < good.size(); ++length) {
    SCOPED_TRACE(length);
    EXPECT_THROW(parse_cifar_batch(good.substr(0, length), "batch"), UserError);
  }
  EXPECT_THAT(parse_error(good + "."), HasSubstr("bytes follow the end"));
}

TEST(Pickle, RefusesEveryOtherGlobalByName) {
  for (const auto& [module, name] : {std::pair{"os", "system"},
                                     {"__builtin__", "eval"},
                                     {"posix", "system"},
                                     {"numpy", "load"},
                                     {"numpy.core.multiarray", "scalar"},
                                     {"_codecs", "decode"},
                                     {"numpy.core.multiarray._reconstruct", ""},
                                     {"os\x1b[0m", "x"}}) {
    PickleParts parts({3}, pixels(1));
    parts.labels = pickle_string("labels") + pickle_global(module, name) + ")R";
    const std::string message = parse_error(parts.all());
    EXPECT_THAT(message, AllOf(HasSubstr("opcode 0x63, offset"), HasSubstr("the global")));
    EXPECT_THAT(message, ::testing::Not(HasSubstr("\x1b")));
  }
}

TEST(Pickle, NamesTheOffsetOfAForeignOpcode) {
  // FRAME, BINBYTES, BINUNICODE8, INST, OBJ, NEWOBJ, STACK_GLOBAL, EXT1, PERSID, BINFLOAT, FLOAT,
  // INT, DUP, POP, EMPTY_SET, BYTEARRAY8
  for (const char opcode : {'\x95', 'B', '\x8d', 'i', 'o', '\x81', '\x93', '\x82', 'P', 'G', 'F',
                            'I', '2', '0', '\x8f', '\x96'}) {
    const std::string bytes = std::string("\x80\x02}(") + opcode + std::string(20, '\0');
    EXPECT_THAT(parse_error(bytes),
                AllOf(HasSubstr(fmt::format("{:#04x}", static_cast<std::uint8_t>(opcode))),
                      HasSubstr("offset 4")));
  }
}

TEST(Pickle, RefusesOtherProtocols) {
  EXPECT_THAT(parse_error("\x80\x03}."), HasSubstr("protocol 2"));
  EXPECT_THAT(parse_error("\x80\x04}."), HasSubstr("protocol 2"));
  EXPECT_THAT(parse_error("(dp1\n."), HasSubstr("protocol 2"));
  EXPECT_THAT(parse_error(""), HasSubstr("protocol 2"));
}

TEST(Pickle, RefusesCallsWithOtherArguments) {
  PickleParts parts({3}, pixels(1));
  parts.dtype = pickle_global("numpy", "dtype") + pickle_string("f4") + pickle_number(0) +
                pickle_number(1) + "\x87R(" + pickle_number(3) + pickle_string("<") + "tb";
  EXPECT_THAT(parse_error(parts.all()), HasSubstr("not one of a uint8 array"));
  parts = PickleParts({3}, pixels(1));
  parts.array = pickle_string("data") + pickle_global("numpy", "ndarray") + ")R";
  EXPECT_THAT(parse_error(parts.all()), HasSubstr("not one of a uint8 array"));
  parts = PickleParts({3}, pixels(1));
  parts.data.replace(0, 1, "\x88");
  EXPECT_THAT(parse_error(parts.all()), HasSubstr("C order"));
}

TEST(Pickle, RefusesShapesAndLabelsThatDoNotFit) {
  EXPECT_THAT(parse_error(PickleParts({3, 3}, pixels(1)).all()), HasSubstr("2 images of 3072"));
  EXPECT_THAT(parse_error(PickleParts({10}, pixels(1)).all()), HasSubstr("label 0 is no integer"));
  EXPECT_THAT(parse_error(PickleParts({1, -1}, pixels(2)).all()), HasSubstr("label 1"));
  PickleParts parts({3}, pixels(1));
  parts.labels = pickle_string("fine_labels") + "](K\x03" + "e";
  EXPECT_THAT(parse_error(parts.all()), AllOf(HasSubstr("fine_labels"), HasSubstr("CIFAR-100")));
  parts.labels = "";
  EXPECT_THAT(parse_error(parts.all()), HasSubstr("'labels' 0 times"));
  parts.labels = pickle_string("labels") + "](K\x03" + "e" + pickle_string("labels") + "]";
  EXPECT_THAT(parse_error(parts.all()), HasSubstr("'labels' 2 times"));
}

TEST(Pickle, SurvivesHostileStacks) {
  for (const std::string body : {".",
                                 "R.",
                                 "b.",
                                 "t.",
                                 "e.",
                                 "u.",
                                 "a.",
                                 "s.",
                                 "h\x05.",
                                 "q\x05.",
                                 "\x87.",
                                 "(.",
                                 "N.",
                                 "((t.",
                                 "]N.",
                                 "}N.",
                                 "](Nu.",
                                 "}(Nu.",
                                 "}(NNe.",
                                 "]q\x01h\x01"
                                 "a.",
                                 "N)b.",
                                 "c_codecs\nencode\n)R."}) {
    SCOPED_TRACE(::testing::PrintToString(body));
    EXPECT_THROW(parse_cifar_batch("\x80\x02" + body, "batch"), UserError);
  }
}

TEST(Pickle, BoundsTheMemoryThatAFileCanClaim) {
  EXPECT_THAT(parse_error("\x80\x02T\xff\xff\xff\xff."), HasSubstr("ends inside a value"));
  EXPECT_THAT(parse_error("\x80\x02" + std::string(4'100'000, 'N') + "."),
              HasSubstr("too many opcodes"));
  // One text of 100 bytes made into bytes again and again.
  std::string bomb = "\x80\x02(c_codecs\nencode\nq\x01X" + std::string("d\0\0\0", 4) +
                     std::string(100, 'x') + "q\x02X" + std::string("\x06\0\0\0", 4) +
                     "latin1q\x03";
  for (int i = 0; i < 1000; ++i) bomb += "h\x01h\x02h\x03\x86R";
  EXPECT_THAT(parse_error(bomb + "t."), HasSubstr("more bytes than the file holds"));
}

TEST(Pickle, TheDataSetEqualsTheBinaryVersion) {
  const TempDir dir;
  const std::string one = cifar_record(3, 1);
  const std::string two = cifar_record(9, 2);
  const auto binary = dir.write("a.bin", one + two);
  dir.write("cifar-10-batches-py/test_batch",
            PickleParts({3, 9}, one.substr(1) + two.substr(1)).all());
  EXPECT_EQ(load_dataset(dir.path()).sha256, load_dataset(binary).sha256);
  EXPECT_EQ(load_dataset(dir.path() / "cifar-10-batches-py" / "test_batch", {1, 2}).sha256,
            load_dataset(binary, {1, 2}).sha256);
}

}  // namespace
}  // namespace assay
