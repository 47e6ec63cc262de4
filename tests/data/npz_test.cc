// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "data/samples.h"
#include "golden/data/dataset.h"
#include "golden/data/npy.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename T>
std::string npy(std::vector<std::int64_t> shape, std::vector<T> values) {
  return encode_npy(make_npy<T>(std::move(shape), values));
}

class Npz : public ::testing::Test {
 protected:
  Dataset load(const std::vector<ZipSample>& members, ImageRange range = {}) const {
    write_file(dir.path() / "set.npz", zip(members));
    return load_dataset(dir.path() / "set.npz", range);
  }
  std::string error(const std::vector<ZipSample>& members) const {
    return message_of<UserError>([&] { load(members); });
  }
  TempDir dir;
  std::string images = npy<std::uint8_t>({3, 2}, {1, 2, 3, 4, 5, 6});
  std::string labels = npy<std::int64_t>({3}, {7, 8, 9});
};

TEST_F(Npz, FindsImagesAndLabelsByTheirNames) {
  using Pair = std::pair<std::string, std::string>;
  for (const auto& [x, y] : {Pair{"x", "y"}, Pair{"X", "y"}, Pair{"images", "labels"},
                             Pair{"data", "labels"}, Pair{"x_test", "y_test"}}) {
    SCOPED_TRACE(x);
    const Dataset set = load({{y + ".npy", labels}, {x + ".npy", images, true}}, {1, 3});
    EXPECT_THAT(set.labels, ElementsAre(8, 9));
    EXPECT_THAT(set.values(0), ElementsAre(3, 4));
    EXPECT_EQ(set.name, "npz set.npz (" + x + ")");
    EXPECT_THAT(set.shape, ElementsAre(2));
  }
}

TEST_F(Npz, HasAnArrayForEachOfSeveralInputs) {
  write_file(dir.path() / "set.npz", zip({{"y.npy", images},
                                          {"b.npy", npy<float>({3, 1}, {0.5F, 1, 2})},
                                          {"labels.npy", labels}}));
  // An input may be called y: labels are what is called so and is no input.
  const std::vector<Dataset> sets = load_inputs(dir.path() / "set.npz", {"b", "y"}, {1, 3});
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_TRUE(sets[0].has_floats());
  EXPECT_EQ(sets[0].size(), 2);
  EXPECT_THAT(sets[0].labels, ElementsAre(8, 9));
  EXPECT_THAT(sets[1].values(0), ElementsAre(3, 4));
  EXPECT_THAT(sets[1].labels, IsEmpty());
  EXPECT_NE(inputs_sha256({sets[0], sets[1]}), inputs_sha256({sets[1], sets[0]}));
}

TEST_F(Npz, TakesThoseToTestWithOfTwo) {
  const std::string other = npy<std::uint8_t>({1, 2}, {8, 8}), one = npy<std::uint8_t>({1}, {0});
  const Dataset set = load({{"x_train.npy", other},
                            {"y_train.npy", one},
                            {"x_test.npy", images},
                            {"y_test.npy", labels}});
  EXPECT_EQ(set.size(), 3);
  EXPECT_EQ(load({{"x_train.npy", other}, {"y_train.npy", one}}).size(), 1);
}

TEST_F(Npz, TakesOneArrayAloneAndLabelsInAColumn) {
  EXPECT_THAT(load({{"arr_0.npy", images}}).labels, IsEmpty());
  EXPECT_THAT(load({{"x.npy", images}, {"y.npy", npy<std::int32_t>({3, 1}, {1, 2, 3})}}).labels,
              ElementsAre(1, 2, 3));
}

TEST_F(Npz, IsTheSameAsItsArrayAlone) {
  write_file(dir.path() / "x.npy", images);
  EXPECT_EQ(load({{"x.npy", images}}).sha256, load_dataset(dir.path() / "x.npy").sha256);
}

TEST_F(Npz, RefusesWhatItCannotTellApart) {
  EXPECT_THAT(error({{"b.npy", images}, {"a.npy", images}}),
              AllOf(HasSubstr("the arrays 'a', 'b'"), HasSubstr("as x and y")));
  EXPECT_THAT(error({{"x.npy", images}, {"X.npy", images}}), HasSubstr("two arrays 'x'"));
  EXPECT_THAT(error({{"readme.txt", "x"}}), HasSubstr("'readme.txt', which is no array"));
  EXPECT_THAT(error({}), HasSubstr("holds no array"));
  EXPECT_THAT(error({{"x.npy", "hello"}}), HasSubstr("set.npz:x.npy' is no .npy file"));
  EXPECT_THAT(error({{"x.npy", images}, {"y.npy", npy<std::int64_t>({2}, {1, 2})}}),
              HasSubstr("set.npz:y.npy' must hold one label for each of the 3 images"));
  EXPECT_THAT(error({{"x.npy", images}, {"y.npy", npy<float>({3}, {1, 2, 3})}}),
              HasSubstr("labels are integers"));
}

}  // namespace
}  // namespace assay
