// SPDX-License-Identifier: Apache-2.0
#include "harness/run_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "golden/data/npy.h"
#include "golden/data/png.h"
#include "harness/integer_network.h"
#include "harness/report/stage.h"
#include "harness/tiny_network.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(Help, HasExamplesForEveryCommand) {
  const std::vector<std::vector<std::string>> commands = {
      {"run"},  {"exec"},    {"accuracy"}, {"compare"},         {"bisect"},
      {"show"}, {"explain"}, {"data"},     {"data", "cifar10"}, {"data", "show"}};
  for (auto command : commands) {
    const std::string name = command.back();
    command.push_back("--help");
    const CommandResult result = run_assay(command);
    EXPECT_EQ(result.code, 0) << name;
    EXPECT_EQ(result.err, "") << name;
    EXPECT_THAT(result.out, HasSubstr("Examples:\n  assay ")) << name;
  }
  EXPECT_THAT(run_assay({"--help"}).out, HasSubstr("Exit codes: 0 EQUIVALENT"));
}

TEST(Usage, IsRefusedWithExitCode2) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"walk"},
                                             {"run"},
                                             {"run", "x.onnx"},
                                             {"exec", "x.onnx"},
                                             {"compare", "x.onnx"},
                                             {"explain"},
                                             {"data"}}) {
    const CommandResult result = run_assay(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, ::testing::StartsWith("assay: error: "));
    EXPECT_EQ(result.out, "");
  }
}

TEST(Usage, SuggestsWhatWasMeant) {
  const auto message = [](const std::vector<std::string>& arguments) {
    const CommandResult result = run_assay(arguments);
    EXPECT_EQ(result.code, 2);
    return result.err;
  };
  EXPECT_THAT(message({"rnu", "x.onnx"}),
              HasSubstr("no command is called 'rnu'; the nearest are 'run', "));
  EXPECT_THAT(message({"data", "cifra10"}),
              HasSubstr("no command is called 'cifra10'; the nearest are 'cifar10', "));
  EXPECT_THAT(message({"run", "x.onnx", "--out", "y", "--target-cylces=5"}),
              HasSubstr("no option of 'assay run' is called '--target-cylces'; the nearest are "
                        "'--target-cycles', "));
  EXPECT_THAT(message({"--jsn", "run"}), HasSubstr("no option of 'assay' is called '--jsn'"));
  EXPECT_THAT(message({"run", "x.onnx"}), ::testing::Not(HasSubstr("nearest")));
}

TEST(Usage, NamesAFileThatIsNotThere) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"show", "/nowhere.onnx"},
           {"accuracy", "/nowhere.onnx"},
           {"compare", "/nowhere.onnx", "/nowhere.onnx"},
           {"bisect", "/nowhere"},
           {"explain", "/nowhere"},
           {"data", "show", "/nowhere"},
           {"exec", "/nowhere.onnx", "--input", "x.npy", "--output", "y.npy"}}) {
    const CommandResult result = run_assay(arguments);
    EXPECT_EQ(result.code, 2) << arguments[0];
    EXPECT_THAT(result.err, HasSubstr("/nowhere")) << arguments[0];
  }
}

TEST(Usage, RefusesTextsThatAreEmptyAndNumbersThatAreTooLarge) {
  const auto message = [](const std::vector<std::string>& arguments) {
    const CommandResult result = run_assay(arguments);
    EXPECT_EQ(result.code, 2) << arguments[1];
    return result.err;
  };
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"run", "/nowhere.onnx", "--out", "y", "--data", ""},
                                             {"run", "", "--out", "y"},
                                             {"regress", "/nowhere.toml", "--baseline", ""},
                                             {"regress", "/nowhere.toml", "--junit", ""},
                                             {"verify", "/nowhere", "--nodes", ""},
                                             {"bench", "/nowhere", "--csv", ""}})
    EXPECT_THAT(message(arguments), HasSubstr("'' is no value"));
  for (const char* seed :
       {"18446744073709551616", "99999999999999999999999", "0x10000000000000000"})
    EXPECT_THAT(message({"selftest", "/nowhere", "--seed", seed}),
                HasSubstr("is more than this option can hold"));
  EXPECT_THAT(message({"selftest", "/nowhere", "--seed", "18446744073709551615"}),
              HasSubstr("holds no finished run"));
  EXPECT_THAT(message({"selftest", "/nowhere", "--faults", "9223372036854775808"}),
              HasSubstr("is more than this option can hold"));
  EXPECT_THAT(message({"bench", "/nowhere", "--clock", "1e999"}),
              HasSubstr("is more than this option can hold"));
}

class Commands : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (dir.path() / name).string(); }

  /// Three images of the tiny network's size, as float32 multiples of 1/8.
  std::string save_input() const {
    std::vector<float> values;
    for (int i = 0; i < 3 * 48; ++i) values.push_back(static_cast<float>(i * 5 % 17) / 8);
    write_npy(path("x.npy"), make_npy<float>({3, 3, 4, 4}, values));
    return path("x.npy");
  }

  TempDir dir;
  std::string model = save_tiny(dir.path() / "tiny.onnx").string();
};

TEST_F(Commands, ExecGivesTheSameValuesInBothModesWhereFloat32IsExact) {
  const std::string x = save_input();
  const CommandResult exact = run_assay(
      {"exec", model, "--input", x, "--output", path("e.npy"), "--json", "--dump", path("exact")});
  ASSERT_EQ(exact.code, 0) << exact.err;
  EXPECT_EQ(exact.json()["images"], 3);
  const CommandResult floats = run_assay({"exec", model, "--input", x, "--output", path("f.npy"),
                                          "--mode", "float", "--dump", path("float")});
  ASSERT_EQ(floats.code, 0) << floats.err;
  const NpyArray e = read_npy(path("e.npy")), f = read_npy(path("f.npy"));
  EXPECT_EQ(e.type, NpyType::kFloat64);
  EXPECT_EQ(f.type, NpyType::kFloat32);
  EXPECT_EQ(e.shape, (std::vector<std::int64_t>{3, 3}));
  EXPECT_EQ(as_float64(e, "e"), as_float64(f, "f"));
  for (const char* name : {"act1.npy", "act2.npy"})
    EXPECT_EQ(read_file(dir.path() / "exact" / name), read_file(dir.path() / "float" / name))
        << name;
}

TEST_F(Commands, ExecDumpsIntegersWithTheirExactScales) {
  ASSERT_EQ(run_assay({"exec", model, "--input", save_input(), "--output", path("y.npy"), "--dump",
                       path("d")})
                .code,
            0);
  const Json scales = Json::parse(read_file(path("d/scales.json")));
  EXPECT_EQ(schema_violations(scales), std::vector<std::string>{});
  ASSERT_EQ(scales["checkpoints"].size(), 2U);
  EXPECT_EQ(scales["checkpoints"][0]["name"], "act1");
  EXPECT_EQ(scales["checkpoints"][0]["scale"]["exact"][0], "1/8");
  EXPECT_EQ(scales["checkpoints"][0]["scale"]["value"][0], 0.125);
  const std::vector<std::int64_t> q = as_int64(read_npy(path("d/act1.npy")), "act1");
  ASSERT_EQ(q.size(), 3U * 32);
  // By hand, image 0, channel 0, pixel (0, 0): x is 0/8, (16*5%17)/8 = 12/8 and (32*5%17)/8 = 7/8,
  // so 0.25*12/8 + 0.75*7/8 = 1.03125, over 1/8 is 8.25.
  EXPECT_EQ(q[0], 8);
}

TEST_F(Commands, ExecTakesBytesAsTheIntegersTheyAre) {
  std::vector<std::uint8_t> bytes(48, 1);
  std::vector<float> floats(48, 1.0F);
  write_npy(path("b.npy"), make_npy<std::uint8_t>({1, 3, 4, 4}, bytes));
  write_npy(path("f.npy"), make_npy<float>({1, 3, 4, 4}, floats));
  ASSERT_EQ(run_assay({"exec", model, "--input", path("b.npy"), "--output", path("yb.npy")}).code,
            0);
  ASSERT_EQ(run_assay({"exec", model, "--input", path("f.npy"), "--output", path("yf.npy")}).code,
            0);
  EXPECT_EQ(read_file(path("yb.npy")), read_file(path("yf.npy")));
  // The network does not say that it takes bytes.
  const auto remarks = [&](const std::string& input) {
    return run_assay({"exec", model, "--input", path(input), "--output", path("y.npy")}).err;
  };
  EXPECT_THAT(remarks("b.npy"), HasSubstr("The input holds bytes, and the network gets them"));
  EXPECT_THAT(remarks("f.npy"), ::testing::Not(HasSubstr("bytes")));
  // Pixel / 255 by hand, or by pre-processing: 255 becomes 1.
  write_npy(path("w.npy"),
            make_npy<std::uint8_t>({1, 3, 4, 4}, std::vector<std::uint8_t>(48, 255)));
  const CommandResult scaled = run_assay({"exec", model, "--input", path("w.npy"), "--preprocess",
                                          "totensor", "--output", path("yw.npy")});
  ASSERT_EQ(scaled.code, 0) << scaled.err;
  EXPECT_THAT(scaled.err, ::testing::Not(HasSubstr("bytes")));
  EXPECT_EQ(read_file(path("yw.npy")), read_file(path("yf.npy")));
}

TEST_F(Commands, ExecTakesNumbersOfEveryTypeThatHoldsThem) {
  const auto output = [&](const std::string& name) {
    const CommandResult result =
        run_assay({"exec", "--input", path(name), model, "--output", path("y.npy")});
    EXPECT_EQ(result.code, 0) << name << result.err;
    return read_file(path("y.npy"));
  };
  const auto save = [&]<typename T>(const std::string& name, T low, T high) {
    std::vector<T> values(48, low);
    values[7] = high;
    write_npy(path(name), make_npy<T>({1, 3, 4, 4}, values));
    return name;
  };
  const std::string expected = output(save("f4.npy", -3.0F, 100.0F));
  EXPECT_EQ(output(save("f8.npy", -3.0, 100.0)), expected);
  EXPECT_EQ(output(save("i1.npy", std::int8_t{-3}, std::int8_t{100})), expected);
  EXPECT_EQ(output(save("i2.npy", std::int16_t{-3}, std::int16_t{100})), expected);
  EXPECT_EQ(output(save("i4.npy", std::int32_t{-3}, std::int32_t{100})), expected);
}

TEST_F(Commands, ExecTakesAFileForEveryInput) {
  TestModel sum;
  sum.input("a", {1, 2});
  sum.input("b", {1, 2});
  sum.node("Sub", {"a", "b"}, {"y"});
  sum.output("y");
  write_file(path("sum.onnx"), sum.bytes());
  write_npy(path("a.npy"), make_npy<float>({2, 2}, std::vector<float>{1, 2, 3, 4.5F}));
  write_npy(path("b.npy"), make_npy<std::int8_t>({2, 2}, std::vector<std::int8_t>{1, -1, 2, 4}));
  write_npy(path("c.npy"), make_npy<float>({1, 2}, std::vector<float>{1, 2}));
  const auto run = [&](std::vector<std::string> inputs, const std::string& mode = "exact") {
    std::vector<std::string> arguments = {"exec",        path("sum.onnx"), "--output",
                                          path("y.npy"), "--mode",         mode};
    for (const std::string& input : inputs) {
      arguments.push_back("--input");
      arguments.push_back(input);
    }
    return run_assay(arguments);
  };
  const std::string a = "a=" + path("a.npy"), b = "b=" + path("b.npy");
  for (const char* mode : {"exact", "float"}) {
    const CommandResult result = run({b, a}, mode);
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(as_float64(read_npy(path("y.npy")), "y"), (std::vector<double>{0, 3, 1, 0.5}));
  }
  fs::remove(path("y.npy"));
  EXPECT_THAT(run({a}).err, HasSubstr("no --input is for 'b'; the network has 'a', 'b'"));
  EXPECT_THAT(run({path("a.npy"), b}).err, HasSubstr("does not say for which input it is"));
  EXPECT_THAT(run({a, a}).err, HasSubstr("two files for 'a'"));
  EXPECT_THAT(run({a, "b=" + path("c.npy")}).err, HasSubstr("c.npy' 1"));
  EXPECT_FALSE(fs::exists(path("y.npy")));
}

/// b may be one row for all images, or an image's.
TEST_F(Commands, ExecOfSeveralInputsNeedsTheirBatch) {
  TestModel sum;
  sum.input("x", {4, 4});
  sum.input("x=", {4});
  sum.node("Add", {"x", "x="}, {"y"});
  sum.output("y");
  write_file(path("sum.onnx"), sum.bytes());
  write_npy(path("a.npy"), make_npy<float>({4, 4}, std::vector<float>(16)));
  write_npy(path("b.npy"), make_npy<float>({4}, std::vector<float>(4)));
  const CommandResult result =
      run_assay({"exec", path("sum.onnx"), "--input", "x==" + path("b.npy"), "--input",
                 "x=" + path("a.npy"), "--output", path("y.npy")});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("input 'x' is [4,4]: a network of several inputs is executed"));
  EXPECT_FALSE(fs::exists(path("y.npy")));
}

TEST_F(Commands, ExecDoesNotWriteOverItsInput) {
  const std::string x = save_input(), before = read_file(x);
  const CommandResult result = run_assay({"exec", model, "--input", x, "--output", x});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("is an input and would be overwritten"));
  EXPECT_EQ(read_file(x), before);
}

TEST_F(Commands, ExecTakesTheFormsOfArraysThatDataDoes) {
  std::vector<float> planes, last;
  for (int i = 0; i < 2 * 48; ++i) planes.push_back(static_cast<float>(i * 7 % 11) / 8);
  for (std::size_t image = 0; image < 2; ++image)
    for (std::size_t place = 0; place < 16; ++place)
      for (std::size_t channel = 0; channel < 3; ++channel)
        last.push_back(planes[image * 48 + channel * 16 + place]);
  const auto result = [&](const Shape& shape, const std::vector<float>& values) {
    write_npy(path("x.npy"), make_npy<float>(shape, values));
    EXPECT_EQ(run_assay({"exec", model, "--input", path("x.npy"), "--output", path("y.npy")}).code,
              0)
        << shape_text(shape);
    return read_file(path("y.npy"));
  };
  const std::string own = result({2, 3, 4, 4}, planes);
  EXPECT_EQ(result({2, 4, 4, 3}, last), own);
  EXPECT_EQ(result({2, 48}, planes), own);
  EXPECT_NE(result({2, 3, 4, 4}, last), own);
}

TEST_F(Commands, ExecRefusesInputsThatDoNotFitAndWritesNothing) {
  write_npy(path("shape.npy"), make_npy<float>({1, 3, 4, 5}, std::vector<float>(60)));
  write_npy(path("type.npy"), make_npy<double>({1, 3, 4, 4}, std::vector<double>(48, 0.1)));
  write_npy(path("none.npy"), make_npy<float>({0, 3, 4, 4}, std::vector<float>()));
  std::vector<float> nan(48, NAN);
  write_npy(path("nan.npy"), make_npy<float>({1, 3, 4, 4}, nan));
  for (const char* name : {"shape.npy", "type.npy", "none.npy", "nan.npy"}) {
    EXPECT_EQ(run_assay({"exec", model, "--input", path(name), "--output", path("y.npy")}).code, 2)
        << name;
    EXPECT_FALSE(fs::exists(path("y.npy"))) << name;
  }
}

TEST_F(Commands, ExecRefusesAPlaceThatIsNotThere) {
  const CommandResult result =
      run_assay({"exec", model, "--input", save_input(), "--output", path("none/y.npy")});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--output '" + path("none/y.npy") + "': there is no folder"));
  EXPECT_EQ(run_assay({"exec", model, "--input", save_input(), "--output", path("")}).code, 2);
}

TEST_F(Commands, CompareSaysHowManyFaultsWereCaughtOnlyWhereThatSaysSomething) {
  EXPECT_THAT(run_assay({"compare", model, model, "--images", "5"}).out,
              HasSubstr(" planted faults caught"));
  const std::string other = save_tiny(dir.path() / "other.onnx", {.swap_channels = true}).string();
  EXPECT_THAT(run_assay({"compare", model, other, "--images", "5"}).out,
              ::testing::Not(HasSubstr("planted")));
}

TEST_F(Commands, AccuracyMeasuresBothReferencesAndSaysWhenItMeansNothing) {
  const CommandResult result = run_assay({"accuracy", model, "--images", "20", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = result.json();
  EXPECT_EQ(json["accuracy_means_nothing"], true);
  EXPECT_EQ(json["networks"][0]["exact"]["compared"], 20);
  EXPECT_EQ(json["networks"][0]["float"]["compared"], 20);
  EXPECT_EQ(json["networks"][0]["labels_changed"], 0);
  EXPECT_THAT(run_assay({"accuracy", model, "--images", "20"}).out,
              HasSubstr("accuracy means nothing"));
}

TEST_F(Commands, AccuracyListsAndSavesMisclassifiedImages) {
  std::vector<std::uint8_t> images, labels;
  for (int i = 0; i < 12 * 48; ++i) images.push_back(static_cast<std::uint8_t>(i * 89 % 251));
  for (int i = 0; i < 12; ++i) labels.push_back(static_cast<std::uint8_t>(i % 3));
  write_npy(path("set.npy"), make_npy<std::uint8_t>({12, 3, 4, 4}, images));
  write_npy(path("set.labels.npy"), make_npy<std::uint8_t>({12}, labels));
  const CommandResult result =
      run_assay({"accuracy", model, "--data", path("set.npy"), "--images", "2:12", "--topk", "2",
                 "--save-images", path("wrong"), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json network = result.json()["networks"][0];
  const Json exact = network["exact"];
  EXPECT_EQ(exact["compared"], 10);
  EXPECT_EQ(exact["k"], 2);
  EXPECT_EQ(exact["top1_correct"].get<int>() + static_cast<int>(exact["misclassified"].size()), 10);
  EXPECT_EQ(exact["classes"].size(), 3U);
  EXPECT_EQ(exact, network["float"]);
  ASSERT_FALSE(exact["misclassified"].empty());
  for (const Json& wrong : exact["misclassified"]) {
    const int image = wrong["image"].get<int>();
    EXPECT_GE(image, 2);
    const PngImage png =
        read_png(path("wrong") + "/image_" + std::to_string(image) + "_label_" +
                 wrong["label"].dump() + "_said_" + wrong["predicted"].dump() + ".png");
    EXPECT_TRUE(std::ranges::equal(
        png.pixels, std::span(images).subspan(static_cast<std::size_t>(image) * 48, 48)));
  }
  const CommandResult text = run_assay({"accuracy", model, "--data", path("set.npy"), "--exact"});
  EXPECT_THAT(text.out, HasSubstr("label \\ said"));
  EXPECT_THAT(text.out, ::testing::Not(HasSubstr("made up")));
}

TEST_F(Commands, CompareFindsANetworkEquivalentToItself) {
  const CommandResult result = run_assay({"compare", model, model, "--images", "5", "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.json()["verdict"], "EQUIVALENT");
}

TEST_F(Commands, CompareLocatesEveryPlantedFault) {
  const std::vector<std::pair<const char*, TinyOptions>> faults = {
      {"weight", {.first_weight = -0.5F}},
      {"scale", {.first_scale = std::nextafterf(0.125F, 1.0F)}},
      {"channels", {.swap_channels = true}}};
  for (const auto& [name, options] : faults) {
    const std::string other = save_tiny(dir.path() / "other.onnx", options).string();
    const CommandResult result = run_assay({"compare", model, other, "--images", "20", "--json"});
    EXPECT_EQ(result.code, 1) << name << result.err;
    const Json first = result.json()["first_difference"];
    EXPECT_EQ(first["checkpoint"], "act1") << name;
    EXPECT_TRUE(first["channel"].is_number()) << name;
    EXPECT_NE(first["expected"], first["got"]) << name;
  }
}

TEST_F(Commands, CompareIsNotEquivalentAfterADroppedNode) {
  const std::string other =
      save_tiny(dir.path() / "other.onnx", {.second_quantiser = false}).string();
  const CommandResult result = run_assay({"compare", model, other, "--images", "20", "--json"});
  EXPECT_THAT(result.code, ::testing::AnyOf(1, 3));
  EXPECT_NE(result.json()["verdict"], "EQUIVALENT");
}

TEST_F(Commands, CompareMatchesCheckpointsOfOtherNamesInOrder) {
  Graph renamed = tiny_network();
  for (Checkpoint& checkpoint : renamed.checkpoints()) checkpoint.name = "other_" + checkpoint.name;
  export_model(renamed, path("other.onnx"));
  const CommandResult result =
      run_assay({"compare", model, path("other.onnx"), "--images", "5", "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.json()["matched_by"], "order");
}

TEST_F(Commands, CompareSaysWhichOutputsAreInAnotherUnit) {
  Graph doubled = tiny_network();
  Tensor* logits = doubled.outputs()[0];
  Tensor* two = doubled.add_constant("two", Constant(Shape{}, std::vector<float>{2}));
  Tensor* twice = doubled.add(std::make_unique<ops::Mul>(), {logits, two}, "twice");
  doubled.mutable_outputs()[0] = twice;
  for (Checkpoint& checkpoint : doubled.checkpoints())
    if (checkpoint.tensor == logits) {
      checkpoint.tensor = twice;
      checkpoint.unit = RealArray(Real(mpq_class(1, 2)));
    }
  infer_shapes(doubled);
  doubled.sort();
  verify(doubled);
  export_model(doubled, path("twice.onnx"));
  const std::vector<std::string> command = {"compare", model, path("twice.onnx"), "--images", "5"};
  const CommandResult text = run_assay(command);
  EXPECT_EQ(text.code, 0) << text.err << text.out;
  EXPECT_THAT(text.out, HasSubstr("NOTE: B puts out 'logits' in another unit than A"));
  std::vector<std::string> as_json = command;
  as_json.emplace_back("--json");
  EXPECT_EQ(run_assay(as_json).json()["rescaled"], Json({"logits"}));
  EXPECT_EQ(run_assay({"compare", model, model, "--images", "5", "--json"}).json()["rescaled"],
            Json::array());
}

TEST_F(Commands, CompareSaysWhichOutputsAreOtherwise) {
  // Pixels in levels of a quarter; B has the levels, then channels last.
  const auto picture = [](bool levels, bool turned) {
    QuantisedBuilder b;
    Tensor* y = b.quant(b.graph.add_input("image", {1, 3, 4, 4}), "y", 0.25F, 4, false);
    if (levels) y = b.graph.add(std::make_unique<ops::Mul>(), {y, b.scalar("four", 4)}, "levels");
    if (turned) {
      auto op = std::make_unique<ops::Transpose>();
      op->perm = {0, 2, 3, 1};
      y = b.graph.add(std::move(op), {y}, "turned");
    }
    b.graph.add_output(y);
    infer_shapes(b.graph);
    mark_checkpoints(b.graph);
    std::erase_if(b.graph.checkpoints(), [](const Checkpoint& checkpoint) {
      return checkpoint.name != "image" && checkpoint.name != "y";
    });
    for (Checkpoint& checkpoint : b.graph.checkpoints()) {
      if (checkpoint.kind == Checkpoint::Kind::kInput) continue;
      if (levels || turned) checkpoint.tensor = y;
      if (levels) checkpoint.unit = RealArray(Real(mpq_class(1, 4)));
      if (turned) checkpoint.perm = {0, 3, 1, 2};
    }
    b.graph.sort();
    verify(b.graph);
    return std::move(b.graph);
  };
  export_model(picture(false, false), path("a.onnx"));
  for (const auto& [levels, turned] : {std::pair(true, false), {false, true}, {true, true}}) {
    export_model(picture(levels, turned), path("b.onnx"));
    const std::vector<std::string> command = {"compare", path("a.onnx"), path("b.onnx"), "--images",
                                              "5",       "--preprocess", "none"};
    const CommandResult text = run_assay(command);
    EXPECT_EQ(text.code, 0) << text.err << text.out;
    EXPECT_EQ(text.out.find("in another unit than A") != std::string::npos, levels) << text.out;
    EXPECT_EQ(text.out.find("its axes in another order") != std::string::npos, turned) << text.out;
    std::vector<std::string> as_json = command;
    as_json.emplace_back("--json");
    const Json json = run_assay(as_json).json();
    EXPECT_EQ(json["rescaled"].size(), levels ? 1U : 0U);
    EXPECT_EQ(json["reordered"].size(), turned ? 1U : 0U);
  }
}

/// The tiny network with an operator behind its end.
template <typename OpType>
std::string with_head(OpType op, const fs::path& file, const TinyOptions& options = {}) {
  Graph graph = tiny_network(options);
  graph.mutable_outputs() = {
      graph.add(std::make_unique<OpType>(std::move(op)), {graph.outputs()[0]}, "head")};
  infer_shapes(graph);
  mark_checkpoints(graph);
  export_model(graph, file);
  return file.string();
}

TEST_F(Commands, CompareLooksInFrontOfWhatTheHostComputes) {
  const auto compare = [&](const std::string& a, const std::string& b) {
    return run_assay({"compare", a, b, "--images", "5"});
  };
  const std::string a = with_head(ops::Softmax{}, path("a.onnx"));
  ops::Softmax along;  // the same axis, counted from the front
  along.axis = 1;
  const CommandResult same = compare(a, with_head(along, path("same.onnx")));
  EXPECT_EQ(same.code, 0) << same.out << same.err;
  EXPECT_THAT(same.out, HasSubstr("EQUIVALENT: all "));
  EXPECT_THAT(same.err, HasSubstr("at output 'head' what node 'Softmax' (Softmax) takes is "));
  EXPECT_EQ(compare(a, with_head(along, path("other.onnx"), {.swap_channels = true})).code, 1);
}

TEST_F(Commands, CompareCallsOtherHeadsDifferent) {
  const std::string a = with_head(ops::Softmax{}, path("a.onnx"));
  for (const std::string& b : {with_head(ops::LogSoftmax{}, path("log.onnx")),
                               with_head(ops::Sigmoid{}, path("sigmoid.onnx")), model}) {
    const CommandResult result = run_assay({"compare", a, b, "--images", "5", "--json"});
    EXPECT_EQ(result.code, 1) << b << result.err;
    const Json json = result.json();
    EXPECT_EQ(json["verdict"], "DIFFERENT");
    EXPECT_EQ(json["differing"], 0);
    EXPECT_THAT(json["reason"].get<std::string>(),
                HasSubstr("behind 'logits' A ends in node 'Softmax' (Softmax) of axis=-1, B in "));
  }
  const CommandResult text = run_assay({"compare", model, a, "--images", "5"});
  EXPECT_THAT(text.out, HasSubstr("\nDIFFERENT: behind 'logits' A ends in nothing, B in node"));
  EXPECT_THAT(text.out, ::testing::Not(HasSubstr("EQUIVALENT")));
}

TEST_F(Commands, ShowDescribesANetwork) {
  const CommandResult result = run_assay({"show", model, "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = result.json();
  EXPECT_EQ(json["operators"]["MatMul"], 2);
  EXPECT_EQ(json["macs"], 2 * 16 * 3 + 32 * 3 + 3 * 3);
  EXPECT_EQ(json["parameters"], 6 + 96 + 9 + 2 * 3);  // weights; scale, zero and bits of two
  EXPECT_EQ(json["checkpoints"][1]["scale"], "0.125");
  EXPECT_THAT(run_assay({"show", model}).out, HasSubstr("201 multiply-accumulates"));
  EXPECT_THAT(run_assay({"show", model, "--text"}).out, HasSubstr("checkpoint 'act1' activation"));
}

TEST_F(Commands, DataShowsWhatASetHolds) {
  write_npy(path("set.npy"), make_npy<std::uint8_t>({2, 1, 2, 2}, std::vector<std::uint8_t>(8, 7)));
  const CommandResult result =
      run_assay({"data", "show", path("set.npy"), "--images", "1:2", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.json()["data"]["images"], 1);
  EXPECT_EQ(result.json()["data"]["first"], 1);
  EXPECT_EQ(run_assay({"data", "show", path("set.npy"), "--images", "3"}).code, 2);
  EXPECT_EQ(run_assay({"data", "cifar10", "--from", path("set.npy"), "--to", path("cifar")}).code,
            2);
  EXPECT_FALSE(fs::exists(path("cifar/cifar-10-batches-bin")));
}

TEST(Schema, NamesWhatBreaksIt) {
  Json timing = {{"schema", report::Timing::kSchema}, {"stages", Json::array()}};
  EXPECT_TRUE(schema_violations(timing).empty());
  timing["stages"].push_back({{"stage", 1}, {"resumed", true}, {"seconds", -1.0}});
  timing["extra"] = 1;
  EXPECT_THAT(schema_violations(timing),
              ::testing::UnorderedElementsAre("/stages/0/stage: is not of type \"string\"",
                                              "/stages/0/seconds: is below 0",
                                              "/: has the unknown entry \"extra\""));
  timing.erase("stages");
  EXPECT_THAT(schema_violations(timing), ::testing::Contains("/: lacks \"stages\""));
  EXPECT_EQ(schema_violations(Json::array()).size(), 1U);
  EXPECT_EQ(schema_violations({{"schema", "assay.none/9"}}).size(), 1U);
}

TEST(Schema, IsDocumentedForEveryReport) {
  const std::string page = read_file(fs::path(ASSAY_SOURCE_DIR) / "docs/reports.md");
  for (const std::string& name : schema_names()) EXPECT_THAT(page, HasSubstr("`" + name + "`"));
}

TEST(Usage, NumbersAreNumbers) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"bisect", "x", "--drop", "nan"},
                                             {"bisect", "x", "--drop", ""},
                                             {"verify", "x", "--min-coverage", ""},
                                             {"verify", "x", "--min-coverage", "nan(1)"},
                                             {"verify", "x", "--clock", "nan"},
                                             {"run", "x", "--out", "y", "--clock", "inf"}}) {
    const CommandResult result = run_assay(command);
    EXPECT_EQ(result.code, 2) << command[2];
    EXPECT_THAT(result.err, ::testing::HasSubstr("is no number")) << command[2];
  }
}

}  // namespace
}  // namespace assay
