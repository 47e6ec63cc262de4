// SPDX-License-Identifier: Apache-2.0
#include "harness/report/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/report/schema.h"

namespace assay {
namespace {

struct Leaf {
  std::int64_t count = 0, offset = 0;
  void fields(Fields& f) {
    f("count", count);
    f.any_sign("offset", offset);
  }
};

/// Every kind of field.
struct Tree {
  bool flag = false;
  double share = 0;
  std::uint64_t seed = 0;
  std::string kind;
  Verdict verdict = Verdict::kInconclusive, stage_verdict = Verdict::kInconclusive;
  std::optional<Leaf> leaf, none;
  std::optional<std::vector<std::int64_t>> given, left_out;
  std::vector<Leaf> leaves;
  Named<std::vector<double>> named;
  Named<OptionValue> options;
  void fields(Fields& f) {
    f.schema("assay.tree/1");
    f("flag", flag);
    f("share", share);
    f("seed", seed);
    f.word("kind", kind, {"oak", "elm"});
    f("verdict", verdict);
    f.stage_verdict("stage_verdict", stage_verdict);
    f("leaf", leaf);
    f("none", none);
    f.where_given("given", given);
    f.where_given("left_out", left_out);
    f.from(-1, "leaves", leaves);
    f("named", named);
    f("options", options);
  }
};

Tree oak() {
  return {true,
          0.5,
          ~std::uint64_t{0},
          "oak",
          Verdict::kDifferent,
          Verdict::kApproximate,
          Leaf{3, -7},
          {},
          std::vector<std::int64_t>{1, 2},
          {},
          {{1, 2}, {3, 4}},
          {{"z", {1.5}}, {"a", {}}},
          {{"bits", 8}, {"part", "xc7"}}};
}

constexpr const char* kOak =
    R"({"schema":"assay.tree/1","flag":true,"share":0.5,"seed":18446744073709551615,"kind":"oak",)"
    R"("verdict":"DIFFERENT","stage_verdict":"APPROXIMATE","leaf":{"count":3,"offset":-7},"none":null,)"
    R"("given":[1,2],"leaves":[{"count":1,"offset":2},{"count":3,"offset":4}],)"
    R"("named":{"z":[1.5],"a":[]},"options":{"bits":8,"part":"xc7"}})";

TEST(Fields, AreWrittenInTheirOrder) { EXPECT_EQ(to_json(oak()).dump(), kOak); }

TEST(Fields, AreReadAsTheyWereWritten) {
  EXPECT_EQ(to_json(from_json<Tree>(Json::parse(kOak))).dump(), kOak);
}

TEST(Fields, AreDescribed) {
  const Json schema = json_schema(Tree{}), &of = schema.at("properties");
  EXPECT_EQ(schema.at("additionalProperties"), false);
  EXPECT_EQ(schema.at("required"),
            Json::parse(R"(["schema","flag","share","seed","kind","verdict","stage_verdict","leaf",
                            "none","leaves","named","options"])"));
  EXPECT_EQ(of.at("flag").dump(), R"({"type":"boolean"})");
  EXPECT_EQ(of.at("share").dump(), R"({"type":"number","minimum":0})");
  EXPECT_EQ(of.at("kind").dump(), R"({"type":"string","enum":["oak","elm"]})");
  EXPECT_EQ(of.at("verdict").at("enum").dump(), R"(["EQUIVALENT","DIFFERENT","INCONCLUSIVE"])");
  EXPECT_EQ(of.at("stage_verdict").at("enum").size(), 4U);
  EXPECT_EQ(of.at("leaf").at("type").dump(), R"(["object","null"])");
  EXPECT_EQ(of.at("leaf").at("properties").dump(),
            R"({"count":{"type":"integer","minimum":0},"offset":{"type":"integer"}})");
  EXPECT_EQ(of.at("given").dump(), R"({"type":"array","items":{"type":"integer","minimum":0}})");
  EXPECT_EQ(of.at("leaves").at("items").at("properties").at("count").at("minimum"), -1);
  EXPECT_EQ(of.at("named").dump(), R"({"type":"object","additionalProperties":{"type":"array",)"
                                   R"("items":{"type":"number","minimum":0}}})");
  EXPECT_EQ(of.at("options").at("additionalProperties").dump(), R"({"type":["integer","string"]})");
}

}  // namespace
}  // namespace assay
